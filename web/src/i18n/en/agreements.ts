/** What people agree to, in the versions that the server names. A change of meaning needs a new version there. */
export default {
  terms: {
    title: "Terms of use",
    short: "What you and we can expect of each other.",
    text: "Bloom Health brings patients and licensed therapists together: appointments, video sessions and messages. Therapists are responsible for their own professional work.\nBloom is not an emergency service. Nobody watches messages at all hours. If you or somebody else is in danger, please use “Help now” or call the emergency number where you are.\nYou need to be of the age that the law asks for, to say who you are truthfully, and to keep your ways of signing in to yourself.\nPlease treat others with respect. Sessions are not recorded by Bloom, and nobody may record them without everybody’s consent.\nWe keep your data encrypted, use it to provide this service and for what the law asks of us, and never sell it. You can look at who has seen your record, take a copy of your data, and have your account erased at any time. Records of treatment stay as long as health law asks.\nThese terms hold as long as you have an account. If they change, we ask you again.",
  },
  telehealth: {
    title: "Care by video and messages",
    short: "What is different when you do not sit in the same room, and what you can do about it.",
    text: "Sessions by video and messages can help as much as meeting in person, but not everybody and not always. Your therapist may suggest another kind of care.\nA connection can fail. Your therapist will then reach you in another way, which is why we ask for your telephone number.\nPlease choose a place where nobody listens in. In an emergency your therapist may need to know where you are, and may call the person that you named for emergencies.\nYou can stop at any time and need not give a reason.",
  },
  messageAnalysis: {
    title: "Help for your therapist in reading messages",
    short:
      "A program reads the messages that you send and points your therapist to those that may need attention soon.",
    text: "A program of ours, on our own servers, looks at each message that you send for signs of how you may be feeling. Your therapist sees what it found beside the message, with how sure it is.\nIt can be wrong, in both directions. It decides nothing: your therapist reads for themselves, may correct it, and answers at their working hours. It is no emergency service.\nYou can say no, and everything else works the same. If you change your mind, it holds from your next message on.",
  },
  training: {
    title: "Helping the program to learn",
    short:
      "Off unless you turn it on: messages that your therapist has judged may help the program to become better.",
    text: "When your therapist says whether the program understood a message rightly, that message may be used to train its next version. Training happens on our own servers; your messages are not given to anybody else, and your name is not used.\nWhat a program has learned cannot be taken out of it one message at a time. If you change your mind, your messages are not used in any training that begins after that.\nIt makes no difference to your care whether you say yes or no.",
  },
} as const;
