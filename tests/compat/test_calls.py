"""Calls with pywa 4.5, unmodified: what it asks for happens, and what it hears is complete."""

import pytest
from conftest import charges_of_calls
from pywa import errors, types
from pywa.types.calls import (
    CallConnect,
    CallDirection,
    CallingSettings,
    CallingSettingsStatus,
    CallPermissions,
    CallPermissionUpdate,
    CallStatus,
    CallStatusType,
    CallTerminate,
    CallTerminateStatus,
    SessionDescription,
)

SDP = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
OFFER = SessionDescription(sdp_type="offer", sdp=SDP)
ANSWER = SessionDescription(sdp_type="answer", sdp=SDP)


@pytest.fixture
def line(bot):
    """A number that takes calls."""
    assert bot.wa.update_business_phone_number_settings(calling=CallingSettings(status=CallingSettingsStatus.ENABLED))
    return bot


@pytest.fixture
def sdp(tmp_path):
    file = tmp_path / "ana.sdp"
    file.write_text(SDP, newline="")
    return str(file)


def test_a_person_calls_and_the_bot_picks_up(business, line, ana, sdp):
    number = business["display_phone_number"]
    call = ana.call(number, "--sdp", sdp)
    connect = line.call_update()
    assert isinstance(connect, CallConnect)
    assert (connect.direction, connect.session.sdp_type) == (CallDirection.USER_INITIATED, "offer")
    assert (connect.from_user.wa_id, connect.session.sdp) == (ana.wa_id, SDP)
    assert connect.pre_accept(sdp=ANSWER)
    assert connect.accept(sdp=ANSWER, tracker="order-17")
    ana.call(number, "--call", call, "--hang-up")
    end = line.call_update()
    assert isinstance(end, CallTerminate)
    assert (end.id, end.status, end.tracker) == (connect.id, CallTerminateStatus.COMPLETED, "order-17")
    assert end.duration is not None and end.start_time <= end.end_time
    assert charges_of_calls(business) == []


def test_the_bot_asks_calls_and_is_charged(business, line, open_window, sdp):
    ana, wa, number = open_window, line.wa, business["display_phone_number"]
    with pytest.raises(errors.CallPermissionNotFound):
        wa.initiate_call(to=ana.wa_id, sdp=OFFER)
    button = types.CallPermissionRequestButton()
    wa.send_message(to=ana.wa_id, text="May we call you?", buttons=button)
    with pytest.raises(errors.CallPermissionRequestLimitHit):
        wa.send_message(to=ana.wa_id, text="May we?", buttons=button)
    ana.allow_calls("yes")
    reply = line.call_update()
    assert isinstance(reply, CallPermissionUpdate) and reply and not reply.is_expired
    # pywa's own method leaves out an argument of its own.
    told = wa.api.get_call_permissions(business["phone_number_id"], user_wa_id=ana.wa_id, recipient=None)
    permissions = CallPermissions.from_dict(told)
    start = next(action for action in permissions.actions if action.action_name == "start_call")
    assert permissions.permission.status.value == "temporary" and start.can_perform_action
    assert [limit.max_allowed for limit in start.limits] == [10]

    placed = wa.initiate_call(to=ana.wa_id, sdp=OFFER, tracker="order-17")
    assert placed.success
    with pytest.raises(errors.DuplicateCall):
        wa.initiate_call(to=ana.wa_id, sdp=OFFER)
    rings = ana.rings()
    assert (rings["sdp"], rings["from"]) == (SDP, number)
    ana.call(number, "--call", rings["call_id"], "--sdp", sdp)
    assert line.call_update().status == CallStatusType.RINGING
    answered = line.call_updates(CallConnect, CallStatus)
    assert answered[CallStatus].status == CallStatusType.ACCEPTED
    connect = answered[CallConnect]
    assert (connect.id, connect.direction) == (placed.id, CallDirection.BUSINESS_INITIATED)
    assert connect.session.sdp_type == "answer"
    assert placed.terminate()
    end = line.call_update()
    assert (end.status, end.tracker) == (CallTerminateStatus.COMPLETED, "order-17")
    (charge,) = charges_of_calls(business)
    assert charge["amount_micros"] > 0


def test_a_person_declines_on_the_command_line(business, line, open_window):
    ana, wa, number = open_window, line.wa, business["display_phone_number"]
    wa.send_message(to=ana.wa_id, text="May we call you?", buttons=types.CallPermissionRequestButton())
    ana.allow_calls("always")
    assert line.call_update()
    with pytest.raises(errors.WhatsAppError) as refused:
        wa.send_message(to=ana.wa_id, text="May we?", buttons=types.CallPermissionRequestButton())
    assert refused.value.code == 138017
    wa.initiate_call(to=ana.wa_id, sdp=OFFER)
    rings = ana.rings()
    ana.call(number, "--call", rings["call_id"], "--decline")
    assert line.call_update().status == CallStatusType.RINGING
    ended = line.call_updates(CallStatus, CallTerminate)
    assert ended[CallStatus].status == CallStatusType.REJECTED
    assert (ended[CallTerminate].status, ended[CallTerminate].duration) == (CallTerminateStatus.FAILED, None)
    assert charges_of_calls(business) == []


def test_a_number_without_calls_makes_none(bot, ana):
    with pytest.raises(errors.CallingNotEnabled):
        bot.wa.initiate_call(to=ana.wa_id, sdp=OFFER)
