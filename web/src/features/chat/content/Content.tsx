/**
 * # What a message says, drawn
 *
 * One view per kind. `meta` is the time and how far the message has come; it belongs at the end of the last line, so
 * each kind puts it there itself.
 */
import { Ban } from "lucide-react";
import { Suspense, lazy } from "react";
import type { ReactNode } from "react";
import type { Item } from "@/core/types";
import type { Answers } from "../answering";
import { RichText } from "@/ui/RichText";
import { InteractiveView } from "./InteractiveView";
import { LocationView } from "./LocationView";
import { MediaView } from "./MediaView";
import { OrderView, ReplyView } from "./Replies";
import { TemplateView } from "./TemplateView";

const ContactsView = lazy(() => import("./ContactsView").then((module) => ({ default: module.ContactsView })));

type Props = { item: Item; quote: ReactNode; answers: Answers; meta: ReactNode };

export function Content({ item, quote, answers, meta }: Props) {
  const { content } = item;
  switch (content?.kind) {
    case "media":
      return <MediaContent item={item} quote={quote} meta={meta} />;
    case "template":
      return <TemplateView item={item} template={content} answers={answers} quote={quote} meta={meta} />;
    case "interactive":
      return <InteractiveView item={item} interactive={content} answers={answers} quote={quote} meta={meta} />;
    case "contacts":
      return (
        <>
          {quote && <Padded>{quote}</Padded>}
          <Suspense fallback={<div className="h-28 w-72 max-w-full" />}>
            <ContactsView cards={content.cards} meta={meta} />
          </Suspense>
        </>
      );
    default:
      return (
        <Padded>
          {quote}
          <Plain item={item} meta={meta} />
        </Padded>
      );
  }
}

function Padded({ children }: { children: ReactNode }) {
  return <div className="flow-root px-3 py-2">{children}</div>;
}

function Plain({ item, meta }: { item: Item; meta: ReactNode }) {
  const { content } = item;
  if (content?.kind === "location") {
    return (
      <>
        <LocationView place={content} />
        {meta}
      </>
    );
  }
  if (content?.kind === "interactive_reply") return <ReplyView reply={content} text={item.text} meta={meta} />;
  if (content?.kind === "order") return <OrderView order={content} meta={meta} />;
  if (item.kind === "revoked") {
    return (
      <>
        <span className="inline-flex items-center gap-1.5 italic opacity-90">
          <Ban size={14} aria-hidden="true" />
          {item.mine ? "You deleted this message" : "This message was deleted"}
        </span>
        {meta}
      </>
    );
  }
  if (item.kind === "unsupported") {
    return (
      <>
        <em className="text-muted">This version of Plaza cannot show this message yet. Reload the page to get the newest one.</em>
        {meta}
      </>
    );
  }
  return (
    <>
      <RichText text={item.text} />
      {meta}
    </>
  );
}

/** A picture fills the bubble to its edges; everything else stands inside it. */
function MediaContent({ item, quote, meta }: { item: Item; quote: ReactNode; meta: ReactNode }) {
  if (item.content?.kind !== "media") return null;
  const media = item.content;
  if (media.form === "sticker" && !quote) {
    // It stands by itself, without a bubble; what is seen on it is said, not written.
    return (
      <>
        <MediaView item={item} media={media} />
        <div className="flow-root">{meta}</div>
      </>
    );
  }
  const fills = media.form === "image" || media.form === "video" || media.form === "gif";
  return (
    <>
      {quote && <Padded>{quote}</Padded>}
      <div className={fills ? "p-1" : "px-3 pt-2"}>
        <MediaView item={item} media={media} className="rounded-[0.65rem]" />
      </div>
      <div className="flow-root px-3 pb-2">
        {media.caption !== "" && media.form !== "sticker" && <RichText text={media.caption} />}
        {meta}
      </div>
    </>
  );
}
