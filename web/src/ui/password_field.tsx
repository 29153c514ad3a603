import { Eye, EyeOff } from "lucide-react";
import { type ComponentProps, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./button";
import { Field } from "./field";

/** A password, which its owner may look at while typing. */
export function PasswordField(props: Omit<ComponentProps<typeof Field>, "type">) {
  const { t } = useTranslation("common");
  const [shown, setShown] = useState(false);
  return (
    <div className="relative">
      <Field {...props} type={shown ? "text" : "password"} autoCapitalize="none" spellCheck={false} />
      <Button
        look="link"
        size="text"
        className="absolute top-0 right-0 min-h-6 text-sm"
        aria-pressed={shown}
        onClick={() => setShown(!shown)}
      >
        {shown ? <EyeOff aria-hidden /> : <Eye aria-hidden />}
        {t(shown ? "hidePassword" : "showPassword")}
      </Button>
    </div>
  );
}
