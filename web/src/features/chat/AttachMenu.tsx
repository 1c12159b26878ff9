/** What can go along with words: a file, a place, somebody's number. */
import { ContactRound, MapPin, Paperclip, Plus } from "lucide-react";
import { Suspense, lazy, useRef, useState } from "react";
import { core } from "@/core/core";
import { Menu, MenuItem } from "@/ui/Menu";
import { useHere } from "./here";

const PlaceDialog = lazy(() => import("./PlaceDialog").then((module) => ({ default: module.PlaceDialog })));
const ContactDialog = lazy(() => import("./ContactDialog").then((module) => ({ default: module.ContactDialog })));

type Props = { replyTo: string | null; onFiles: (files: File[]) => void; onSent: () => void };

export function AttachMenu({ replyTo, onFiles, onSent }: Props) {
  const { id, title } = useHere();
  const [open, setOpen] = useState<"place" | "contact" | null>(null);
  const picker = useRef<HTMLInputElement>(null);
  const close = (): void => setOpen(null);
  return (
    <>
      <Menu
        side="top"
        trigger={
          <button
            type="button"
            aria-label="Attach"
            title="Attach"
            className="inline-flex size-10 shrink-0 items-center justify-center rounded-14 text-muted transition-colors duration-150 hover:bg-sunken hover:text-ink data-[state=open]:bg-sunken"
          >
            <Plus size={20} />
          </button>
        }
      >
        <MenuItem icon={<Paperclip size={16} />} onSelect={() => picker.current?.click()}>
          Photo, film or file
        </MenuItem>
        <MenuItem icon={<MapPin size={16} />} onSelect={() => setOpen("place")}>
          Place
        </MenuItem>
        <MenuItem icon={<ContactRound size={16} />} onSelect={() => setOpen("contact")}>
          Contact
        </MenuItem>
      </Menu>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        aria-label="Files to send"
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          event.target.value = "";
          if (files.length > 0) onFiles(files);
        }}
      />
      <Suspense fallback={null}>
        {open === "place" && (
          <PlaceDialog
            title="Send a place"
            description={`Only ${title} will see it.`}
            withAddress={false}
            onClose={close}
            onSend={async (place) => {
              await core.call("send_location", id, place.latitude, place.longitude, place.name, replyTo);
              onSent();
              return true;
            }}
          />
        )}
        {open === "contact" && <ContactDialog replyTo={replyTo} onClose={close} onSent={onSent} />}
      </Suspense>
    </>
  );
}
