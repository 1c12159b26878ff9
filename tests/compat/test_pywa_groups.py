"""pywa 4.5, unmodified: a group from its making to its end, with people in it who talk.

Of groups, pywa knows messages and their statuses; what happens to a group itself it hands on as it came. Its
`get_groups` expects a list where the interface documents an object around one, so the list is read without it.
"""

import threading
import time

import conftest
import pytest
from conftest import WAIT_S, Person, plaza
from nodes import png
from pywa import errors
from pywa.types.chat import ChatType
from pywa.types.groups import GroupJoinApprovalMode
from test_pywa import ready_template


class Group:
    def __init__(self, business: dict, bot: conftest.Bot, mode: GroupJoinApprovalMode):
        self.business, self.bot, self.wa = business, bot, bot.wa
        self.statuses, self.seen = bot.group_statuses, 0
        operation = bot.wa.create_group(subject="Bread club", description="Fridays", join_approval_mode=mode)
        self.made = self.event("group_create")
        assert self.made["request_id"] == operation.request_id
        self.id = self.made["group_id"]

    def event(self, kind: str) -> dict:
        """The next thing of this kind that happened to a group."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            for update, _ in self.bot.told[self.seen :]:
                self.seen += 1
                for event in update["entry"][0]["changes"][0]["value"].get("groups", []):
                    if event["type"] == kind:
                        return event
            threading.Event().wait(0.05)
        raise AssertionError(f"no {kind} was told")

    def lets_in(self, person: Person) -> dict:
        return plaza("person", "join", self.wa.get_group_invite_link(self.id).link, home=person.home)[-1]

    def statuses_of(self, message_id: str, people: int, *expected: str) -> dict[tuple[str, str], object]:
        """Waits until each of these came for each of the people, each once."""
        seen = {}
        while len(seen) < people * len(expected):
            update = self.statuses.get(timeout=WAIT_S)
            assert update.group_id == self.id
            for status in update:
                if status.id == message_id:
                    key = (status.from_user.wa_id, status.status.value)
                    assert key not in seen, f"{key} came twice"
                    seen[key] = status
        assert {word for _, word in seen} == set(expected)
        return seen


def test_a_group_is_made_changed_and_ended(business, bot):
    group = Group(business, bot, GroupJoinApprovalMode.AUTO_APPROVE)
    wa, found = bot.wa, bot.wa.get_group(group.id)
    assert (found.id, found.subject, found.description) == (group.id, "Bread club", "Fridays")
    assert (found.suspended, found.total_participant_count, found.participants) == (False, 0, [])
    assert found.join_approval_mode == GroupJoinApprovalMode.AUTO_APPROVE
    listed = wa.api.get_active_groups(business["phone_number_id"])
    assert [one["id"] for one in listed["data"]["groups"]] == [group.id]

    operation = found.update(subject="Rye club", description="Saturdays", profile_picture=png(256, 256))
    changed = group.event("group_settings_update")
    assert changed["request_id"] == operation.request_id
    assert changed["group_subject"]["text"] == "Rye club"
    assert changed["profile_picture"]["update_successful"]
    assert wa.get_group(group.id).description == "Saturdays"
    with pytest.raises(errors.WhatsAppError):
        wa.update_group_settings(group.id, profile_picture=png(256, 200))

    link = found.get_invite_link()
    assert link.link == group.made["invite_link"]
    assert link.reset().link != link.link

    operation = found.delete()
    assert group.event("group_delete")["request_id"] == operation.request_id
    with pytest.raises(errors.WhatsAppError):
        wa.get_group(group.id)


def test_people_join_talk_and_are_taken_out(business, bot, tmp_path):
    group = Group(business, bot, GroupJoinApprovalMode.AUTO_APPROVE)
    wa, (ana, ben) = bot.wa, (Person(tmp_path / name, name) for name in ("Ana", "Ben"))
    for person in (ana, ben):
        group.lets_in(person)
        joined = group.event("group_participants_add")
        assert [one["wa_id"] for one in joined["added_participants"]] == [person.wa_id]
    assert {one.wa_id for one in wa.get_group(group.id).participants} == {ana.wa_id, ben.wa_id}

    template, body, stop = ready_template()
    wa.create_template(template)
    params = [body.params(who="all", what="bread"), stop.params(callback_data="STOP", index=0)]
    sent = wa.send_template(to=group.id, name="ready", language=template.language, params=params)
    heard = [person.listen()[0] for person in (ana, ben)]
    assert {one["text"].splitlines()[0] for one in heard} == {"Hi all, your bread is ready to be fetched."}
    statuses = group.statuses_of(sent.id, 2, "sent", "delivered", "read")
    assert statuses[ana.wa_id, "delivered"].pricing.category.value == "group_utility"

    plaza("person", "send", "--group", heard[0]["group_id"], "Good morning", home=ana.home)
    message = bot.message()
    assert (message.text, message.from_user.wa_id) == ("Good morning", ana.wa_id)
    assert (message.chat.type, message.chat.id) == (ChatType.GROUP, group.id)
    assert [one["text"] for one in ben.listen()] == ["Good morning"]
    # pywa's "private" means the group, and its default the person.
    answer = message.reply_text("Good morning to you all", quote=True, private=True)
    for person in (ana, ben):
        assert [one["text"] for one in person.listen()] == ["Good morning to you all"]
    group.statuses_of(answer.id, 2, "sent", "delivered", "read")

    wa.get_group(group.id).participants[0].remove()
    assert len(group.event("group_participants_remove")["removed_participants"]) == 1
    assert wa.get_group(group.id).total_participant_count == 1


def test_people_ask_to_be_let_in(business, bot, tmp_path):
    group = Group(business, bot, GroupJoinApprovalMode.APPROVAL_REQUIRED)
    ana, ben = (Person(tmp_path / name, name) for name in ("Ana", "Ben"))
    for person in (ana, ben):
        assert group.lets_in(person)["state"] == "requested"
        assert group.event("group_join_request_created")["wa_id"] == person.wa_id
    asked = {request.user.wa_id: request for request in bot.wa.get_group_join_requests(group.id)}
    assert set(asked) == {ana.wa_id, ben.wa_id}
    asked[ben.wa_id].reject()
    asked[ana.wa_id].approve()
    assert [one["wa_id"] for one in group.event("group_participants_add")["added_participants"]] == [ana.wa_id]
    assert [one.wa_id for one in bot.wa.get_group(group.id).participants] == [ana.wa_id]
    assert not list(bot.wa.get_group_join_requests(group.id))
