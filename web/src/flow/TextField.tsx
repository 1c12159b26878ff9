/** A line or a paragraph of text. */
import type { HTMLInputTypeAttribute } from "react";
import type { FieldProps } from "./FlowComponent";
import { Labelled, inputLook } from "./Labelled";
import { text } from "./document";
import { limit } from "./validation";

const TYPES: Record<string, { type: HTMLInputTypeAttribute; inputMode?: "numeric" | "decimal" | "tel" | "email" }> = {
  text: { type: "text" },
  number: { type: "text", inputMode: "decimal" },
  email: { type: "email", inputMode: "email" },
  phone: { type: "tel", inputMode: "tel" },
  password: { type: "password" },
  passcode: { type: "password", inputMode: "numeric" },
};

const LINE_CHARACTERS_MAX = 256;
const AREA_CHARACTERS_MAX = 600;

export function TextField({ component, value, error, onChange }: FieldProps) {
  const area = component.type === "TextArea";
  const max = limit(component, area ? "max-length" : "max-chars") ?? (area ? AREA_CHARACTERS_MAX : LINE_CHARACTERS_MAX);
  const kind = TYPES[text(component["input-type"])] ?? TYPES["text"];
  return (
    <Labelled component={component} error={error}>
      {({ id, describedBy, invalid }) => {
        const shared = {
          id,
          value: text(value),
          maxLength: max,
          disabled: component["enabled"] === false,
          required: component["required"] === true,
          "aria-invalid": invalid,
          "aria-describedby": describedBy,
        };
        return area ? (
          <textarea {...shared} rows={4} onChange={(event) => onChange(event.target.value)} className={`${inputLook(error)} min-h-24 py-2`} />
        ) : (
          <input {...shared} {...kind} autoComplete="off" onChange={(event) => onChange(event.target.value)} className={`${inputLook(error)} h-11`} />
        );
      }}
    </Labelled>
  );
}
