/**
 * # Packs of stickers
 *
 * What people can send from, and which plans give it. Packs are added from a folder on the command line; one that was
 * added can be removed here.
 */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { stickerCalls, stickerQueries } from "@/api/stickerPacks";
import type { StickerPack } from "@/api/stickerPacks";
import { Button } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { Dialog } from "@/ui/Dialog";
import { Moving } from "@/ui/Moving";
import { ErrorNote, Skeleton } from "@/ui/Problem";
import { Tag } from "@/ui/Tag";
import { useOperator } from "./session";

/** Who may use a pack, in words. */
function whose(pack: StickerPack): string {
  if (pack.access === "free") return "Everybody may use it.";
  if (pack.plans.length === 0) return "No plan gives it yet: name it in the plans under packs.";
  return `In the plans ${pack.plans.join(", ")}.`;
}

export function Stickers() {
  const { token } = useOperator();
  const page = useQuery(stickerQueries(token).list());
  const [leaving, setLeaving] = useState<StickerPack | null>(null);
  return (
    <>
      <PageHead title="Stickers" note="The packs that people send from. What they send is encrypted like everything else." />
      {page.isPending && <Skeleton rows={2} height={160} />}
      {page.error && <ErrorNote message={page.error.message} onRetry={() => void page.refetch()} />}
      <div className="grid gap-4">
        {page.data?.data.map((pack) => (
          <PackCard key={pack.key} pack={pack} onRemove={() => setLeaving(pack)} />
        ))}
      </div>
      {page.data && (
        <p className="mt-5 text-13 text-muted">
          Add a pack from a folder with its pictures and a pack.toml: <code className="font-mono">plaza stickers add FOLDER</code>
        </p>
      )}
      {leaving && <RemoveDialog pack={leaving} onClose={() => setLeaving(null)} />}
    </>
  );
}

function PackCard({ pack, onRemove }: { pack: StickerPack; onRemove: () => void }) {
  return (
    <section aria-label={pack.title} className="rounded-14 border bg-surface p-4">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <h2 className="text-16 font-semibold">{pack.title}</h2>
        <code className="font-mono text-13 text-muted">{pack.key}</code>
        {pack.is_own && <Tag>Part of Plaza</Tag>}
        {!pack.is_own && (
          <Button small className="ms-auto" aria-label={`Remove ${pack.title}`} onClick={onRemove}>
            <Trash2 size={14} aria-hidden="true" />
            Remove
          </Button>
        )}
      </div>
      <p className="mt-1 text-13 text-muted">
        {pack.stickers.length === 1 ? "1 sticker" : `${pack.stickers.length} stickers`}. {whose(pack)}
      </p>
      <ul className="mt-3 grid grid-cols-[repeat(auto-fill,minmax(4.5rem,1fr))] gap-2">
        {pack.stickers.map((sticker) => (
          <li key={sticker.name}>
            <Picture pack={pack.key} sticker={sticker} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Picture({ pack, sticker }: { pack: string; sticker: StickerPack["stickers"][number] }) {
  const { token } = useOperator();
  const { data } = useQuery(stickerQueries(token).picture(pack, sticker.name));
  return (
    <span title={`${sticker.name} ${sticker.emoji}`} className="block aspect-square">
      {data !== undefined && <Moving url={data} alt={sticker.text} moves={sticker.is_animated} className="size-full object-contain" />}
    </span>
  );
}

function RemoveDialog({ pack, onClose }: { pack: StickerPack; onClose: () => void }) {
  const { token } = useOperator();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => stickerCalls(token).remove(pack.key),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["operator", "sticker-packs"] });
      onClose();
    },
  });
  return (
    <Dialog open onClose={onClose} title={`Remove ${pack.title}?`} description="Nobody can send from it any more, also who bought it. What was sent stays where it is.">
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Keep it</Button>
        <Button kind="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
          Remove it
        </Button>
      </div>
      {remove.error && (
        <p role="alert" className="mt-3 text-13 text-bad">
          {remove.error.message}
        </p>
      )}
    </Dialog>
  );
}
