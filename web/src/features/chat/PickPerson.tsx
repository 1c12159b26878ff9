/** People and businesses to choose one of. Nobody to choose from: nothing is shown. */
import { readableNumber } from "@/lib/number";
import { Avatar } from "@/ui/Avatar";

export type Offered = { number: string; name: string; business: boolean; avatar: string };

export function PickPerson({ title, people, busy, onPick }: { title: string; people: Offered[]; busy: boolean; onPick: (person: Offered) => void }) {
  if (people.length === 0) return null;
  return (
    <section aria-label={title}>
      <h3 className="mb-1 text-12 font-medium text-faint">{title}</h3>
      <ul className="-mx-2">
        {people.map((each) => (
          <li key={each.number}>
            <button type="button" disabled={busy} onClick={() => onPick(each)} className="flex w-full items-center gap-3 rounded-8 px-2 py-2 text-start -outline-offset-2 hover:bg-sunken">
              <Avatar id={each.avatar} name={each.name} business={each.business} size={38} />
              <span className="min-w-0">
                <span className="block truncate font-medium">{each.name}</span>
                <span className="block truncate text-13 text-muted tabular">{readableNumber(each.number)}</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
