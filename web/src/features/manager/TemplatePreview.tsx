/** A template on a phone, with the bubble of the messenger; what its gaps hold comes from the examples. */
import { Copy, FileText, Image, List, MapPin, Phone as PhoneIcon, Reply, SquareArrowOutUpRight, Video } from "lucide-react";
import type { ReactNode } from "react";
import type { TemplateButton, TemplateComponent } from "@/api/manager";
import { CONTROL, Controls, Words } from "@/ui/message";
import { Phone } from "./Phone";
import { examplesOf, filled } from "./template";

const FORMATS: Record<string, { icon: ReactNode; word: string }> = {
  IMAGE: { icon: <Image size={26} strokeWidth={1.5} />, word: "Picture" },
  VIDEO: { icon: <Video size={26} strokeWidth={1.5} />, word: "Video" },
  GIF: { icon: <Video size={26} strokeWidth={1.5} />, word: "Animation" },
  DOCUMENT: { icon: <FileText size={26} strokeWidth={1.5} />, word: "Document" },
  LOCATION: { icon: <MapPin size={26} strokeWidth={1.5} />, word: "Place" },
};

export function TemplatePreview({ components, at = "now" }: { components: readonly TemplateComponent[]; at?: string }) {
  return (
    <Phone label="Preview">
      <div className="flex min-h-[24rem] flex-col justify-end px-3 py-4">
        <TemplateBubble components={components} at={at} />
      </div>
    </Phone>
  );
}

export function TemplateBubble({ components, at = "now" }: { components: readonly TemplateComponent[]; at?: string }) {
  const find = (type: string): TemplateComponent | undefined => components.find((each) => each.type.toUpperCase() === type);
  const examples = examplesOf(components);
  const header = find("HEADER");
  const body = find("BODY");
  const cards = find("CAROUSEL")?.cards?.length ?? 0;
  const buttons = find("BUTTONS")?.buttons ?? [];
  const text = body?.text ?? (body?.add_security_recommendation ? "{{1}} is your code. Do not share it." : "{{1}} is your code.");
  return (
    <article className="w-[92%] min-w-0 rounded-14 rounded-es-4 border bg-theirs text-14 wrap-anywhere whitespace-pre-wrap">
      <div className="flow-root px-3 py-2">
        {header && <Header header={header} examples={examples} />}
        {text === "" ? (
          <p className="text-faint">Your text appears here.</p>
        ) : (
          <Words body={filled(text, examples)} footer={find("FOOTER")?.text ?? ""} meta={<span className="float-end ms-3 mt-1 text-12 leading-4 text-faint">{at}</span>} />
        )}
      </div>
      {cards > 0 && <p className="border-t px-3 py-2 text-13 text-muted">{cards} cards to leaf through</p>}
      {buttons.length > 0 && (
        <Controls>
          {buttons.map((button, n) => (
            <span key={n} className={CONTROL}>
              <ButtonIcon button={button} />
              {button.text ?? "Copy code"}
            </span>
          ))}
        </Controls>
      )}
    </article>
  );
}

function Header({ header, examples }: { header: TemplateComponent; examples: Record<string, string> }) {
  const format = (header.format ?? "TEXT").toUpperCase();
  if (format === "TEXT") return <p className="mb-1 font-semibold">{filled(header.text ?? "", examples)}</p>;
  const known = FORMATS[format];
  return (
    <div className="mb-2 flex h-28 flex-col items-center justify-center gap-1 rounded-8 bg-sunken text-faint">
      {known?.icon ?? <FileText size={26} strokeWidth={1.5} />}
      <span className="text-12">{known?.word ?? format}</span>
    </div>
  );
}

function ButtonIcon({ button }: { button: TemplateButton }) {
  switch (button.type.toUpperCase()) {
    case "URL":
      return <SquareArrowOutUpRight size={15} aria-hidden="true" />;
    case "PHONE_NUMBER":
      return <PhoneIcon size={15} aria-hidden="true" />;
    case "COPY_CODE":
    case "OTP":
      return <Copy size={15} aria-hidden="true" />;
    case "FLOW":
      return <List size={15} aria-hidden="true" />;
    default:
      return <Reply size={15} aria-hidden="true" />;
  }
}
