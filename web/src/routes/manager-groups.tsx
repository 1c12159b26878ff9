/** /manager/groups: whose groups are shown, and which one is open, is in the address. */
import { useSearch } from "@tanstack/react-router";
import { Groups } from "@/features/manager/Groups";

export function GroupsPage() {
  const { number, group } = useSearch({ from: "/manager/groups" });
  return <Groups numberId={number} groupId={group} />;
}
