"""The mails about appointments in Portuguese."""

from typing import Final

from .mail_words import Cause, Letter, Text, Words

PORTUGUESE: Final = Words(
    language="pt",
    greeting="Olá, {name}!",
    hours="{start} – {end}",
    letters={
        Letter.CONFIRMED: Text(
            "Agendamento confirmado",
            "Seu horário está reservado. Será um prazer receber você.",
            "Abrir o agendamento",
            "Você pode entrar por esta página a partir de 10 minutos antes. Se precisar de outro horário, também pode "
            "alterá-lo por lá.",
        ),
        Letter.NEW: Text(
            "Novo agendamento",
            "Alguém reservou um horário com você.",
            "Abrir o agendamento",
            "Você pode iniciá-lo por esta página a partir de 10 minutos antes.",
        ),
        Letter.RESCHEDULED: Text(
            "Agendamento alterado",
            "Seu agendamento tem um novo horário, que substitui o anterior.",
            "Abrir o agendamento",
            "Você pode entrar por esta página a partir de 10 minutos antes.",
        ),
        Letter.CANCELLED: Text(
            "Agendamento cancelado",
            "Este agendamento não vai acontecer.",
            "Ver o agendamento",
        ),
        Letter.REMINDER: Text(
            "Lembrete de agendamento",
            "Este é um lembrete do seu agendamento.",
            "Abrir o agendamento",
            "Você pode entrar por esta página a partir de 10 minutos antes.",
        ),
        Letter.SERIES_CONFIRMED: Text(
            "Agendamentos confirmados",
            "Seus horários estão reservados. São estes:",
            "Abrir o primeiro agendamento",
            "Cada um pode ser alterado em sua própria página.",
        ),
        Letter.SERIES_NEW: Text(
            "Novos agendamentos",
            "Alguém reservou vários horários com você. São estes:",
            "Abrir o primeiro agendamento",
        ),
        Letter.OFFERED: Text(
            "Há um horário livre para você",
            "Um horário que você esperava ficou livre, e nós o estamos guardando para você.",
            "Ver o horário",
            "Se não for bom para você, não precisa fazer nada: ele será oferecido à próxima pessoa.",
        ),
        Letter.WITHOUT_VIDEO: Text(
            "O vídeo não está configurado",
            "Este agendamento está mantido, mas ainda não tem sala de vídeo, porque nenhuma conta Zoom sua está "
            "conectada. Assim que você conectar uma, poderá realizá-lo por vídeo.",
            "Conectar o Zoom",
        ),
    },
    causes={
        Cause.OWN_WISH: "Você o cancelou. Não precisa fazer mais nada.",
        Cause.REQUESTED: "Ele foi cancelado conforme solicitado.",
        Cause.CAME_UP: "Surgiu algo que não podia ser adiado. Lamentamos a mudança de planos.",
        Cause.TECHNICAL: "Um problema técnico não pôde ser resolvido a tempo. Lamentamos.",
        Cause.CONNECTION_ENDED: "A conexão entre vocês no Bloom Health terminou e, com ela, este agendamento.",
        Cause.OWN_ACCOUNT: "Você pediu para encerrar sua conta; por isso, os próximos agendamentos foram cancelados.",
        Cause.OTHER_ACCOUNT: "A outra pessoa está deixando o Bloom Health. Lamentamos a mudança de planos.",
    },
    another_time="Você pode escolher outro horário quando quiser.",
    offered_until="Ele é só seu até {until}.",
    reminder_settings="Você pode escolher quais lembretes recebe:",
    no_replies="Ninguém lê as respostas a este endereço.",
    calendar_title="Agendamento",
    calendar_join="Entre aqui:",
)
