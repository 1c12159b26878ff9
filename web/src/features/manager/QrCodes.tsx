/** # QR codes: printed on a door, they open a conversation with the first words already written. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Download, Plus, QrCode as Icon, Trash2 } from "lucide-react";
import { useState } from "react";
import { localAddress } from "@/api/manager";
import type { QrCode } from "@/api/manager";
import { Button, IconButton, buttonLook } from "@/ui/Button";
import { PageHead } from "@/ui/Console";
import { CopyButton } from "@/ui/CopyButton";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { Empty, Failed, Skeleton } from "@/ui/Problem";
import { Select } from "@/ui/Select";
import { useNumber } from "./useNumber";
import { useManager } from "./session";

const MESSAGE_CHARACTERS_MAX = 140;

export function QrCodes({ numberId }: { numberId: string | undefined }) {
  const { queries } = useManager();
  const navigate = useNavigate();
  const { numbers, number, error, retry } = useNumber(numberId);
  const list = useQuery({ ...queries.qrCodes(number?.id ?? ""), enabled: number !== undefined });
  const [making, setMaking] = useState(false);
  const failure = error ?? list.error;
  const add = (
    <Button kind="solid" small disabled={!number} onClick={() => setMaking(true)}>
      <Plus size={15} aria-hidden="true" />
      New code
    </Button>
  );
  return (
    <>
      <PageHead title="QR codes" note="Whoever scans one is in a conversation with you, with the first words written already.">
        {(numbers?.length ?? 0) > 1 && number && (
          <Select label="Number" hideLabel value={number.id} options={(numbers ?? []).map((each) => ({ value: each.id, label: each.verified_name }))} onChange={(next) => void navigate({ to: "/manager/qr-codes", search: { number: next } })} />
        )}
        {add}
      </PageHead>
      {list.data === undefined && failure ? (
        <Failed
          error={failure}
          onRetry={() => {
            retry();
            void list.refetch();
          }}
        />
      ) : numbers?.length === 0 ? (
        <div className="rounded-14 border bg-surface">
          <Empty icon={<Icon size={30} strokeWidth={1.5} />} title="No codes yet">
            A code leads to one of your numbers, and you have none yet.
          </Empty>
        </div>
      ) : list.data === undefined || !number ? (
        <div className="overflow-hidden rounded-14 border bg-surface">
          <Skeleton rows={3} height={120} />
        </div>
      ) : list.data.length === 0 ? (
        <div className="rounded-14 border bg-surface">
          <Empty icon={<Icon size={30} strokeWidth={1.5} />} title="No codes yet" action={add}>
            Put one on the counter, the packaging or the bill: it opens a conversation, and the person's message opens the 24 hours in which you answer freely.
          </Empty>
        </div>
      ) : (
        <ul className="grid gap-4 sm:grid-cols-2 xl:grid-cols-3">
          {list.data.map((code) => (
            <Card key={code.code} code={code} phone={number.id} />
          ))}
        </ul>
      )}
      <Dialog open={making} onClose={() => setMaking(false)} title="New code" description={number ? `For ${number.verified_name}.` : ""} focusField>
        {number && <NewCode phone={number.id} onDone={() => setMaking(false)} />}
      </Dialog>
    </>
  );
}

function Card({ code, phone }: { code: QrCode; phone: string }) {
  const { calls } = useManager();
  const client = useQueryClient();
  const [asked, setAsked] = useState(false);
  const remove = useMutation({ mutationFn: () => calls.deleteQr(phone, code.code), onSuccess: () => client.invalidateQueries({ queryKey: ["manager", "qr"] }) });
  const picture = localAddress(code.qr_image_url);
  return (
    <li className="flex flex-col overflow-hidden rounded-14 border bg-surface">
      <div className="flex justify-center border-b bg-[#ffffff] p-5">
        <img src={picture} alt={`QR code: ${code.prefilled_message}`} className="size-40" width={160} height={160} loading="lazy" />
      </div>
      <div className="grow px-4 py-3">
        <p className="text-pretty">“{code.prefilled_message}”</p>
        <p className="mt-1 flex items-center font-mono text-12 text-muted">
          {code.code}
          <CopyButton text={code.deep_link_url} what="the link of the code" />
        </p>
      </div>
      <div className="flex items-center gap-2 border-t px-4 py-2.5">
        <a href={picture} download={`${code.code}.svg`} className={buttonLook("quiet", true)}>
          <Download size={15} aria-hidden="true" />
          Picture
        </a>
        <span className="grow" />
        <IconButton label={`Delete the code ${code.code}`} onClick={() => setAsked(true)}>
          <Trash2 size={16} />
        </IconButton>
      </div>
      <Dialog open={asked} onClose={() => setAsked(false)} title="Delete this code" description="Where it is printed already, it leads nowhere any more.">
        <div className="grid gap-3">
          {remove.error && (
            <p role="alert" className="text-13 text-bad">
              {remove.error.message}
            </p>
          )}
          <Button kind="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
            Delete {code.code}
          </Button>
        </div>
      </Dialog>
    </li>
  );
}

function NewCode({ phone, onDone }: { phone: string; onDone: () => void }) {
  const { calls } = useManager();
  const client = useQueryClient();
  const [message, setMessage] = useState("");
  const make = useMutation({
    mutationFn: () => calls.createQr(phone, message.trim()),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["manager", "qr"] });
      onDone();
    },
  });
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        make.mutate();
      }}
    >
      <Field label="First words" value={message} maxLength={MESSAGE_CHARACTERS_MAX} placeholder="Hello! I would like to order." hint="They stand in the person's box, and may be changed there." error={make.error?.message ?? null} onChange={(event) => setMessage(event.target.value)} />
      <Button kind="solid" type="submit" disabled={message.trim() === "" || make.isPending}>
        Make the code
      </Button>
    </form>
  );
}
