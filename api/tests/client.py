"""Books a space and reads its history with the client that openapi-python-client generates.

usage: python client.py ADDRESS (the package parking_client must be importable)
"""

import sys
from datetime import datetime, timedelta, timezone
from http import HTTPStatus

from parking_client import Client
from parking_client.api.reservations import reservations_book, reservations_one
from parking_client.api.spaces import spaces_create, spaces_list, spaces_history, spaces_set_state
from parking_client.models import NewReservation, NewSpace, StateBody, StateByHand


def main(address: str) -> None:
    with Client(base_url=address, raise_on_unexpected_status=True) as client:
        space = spaces_create.sync(client=client, body=NewSpace(code="CLIENT", floor="0"))
        start = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)
        booking = NewReservation(
            space_id=space.id, start_time=start, end_time=start + timedelta(hours=1), user_name="Ada"
        )
        booked = reservations_book.sync_detailed(client=client, body=booking)
        assert booked.status_code == HTTPStatus.CREATED, booked
        position = int(booked.headers["X-Position"])
        found = reservations_one.sync(booked.parsed.id, client=client, min_position=position)
        assert (found.space_id, found.start_time, found.user_name) == (space.id, start, "Ada"), found

        conflict = reservations_book.sync(client=client, body=booking)
        assert conflict.code == "reservation_conflict", conflict

        by_hand = StateBody(status=StateByHand.OCCUPIED, reason="A test")
        spaces_set_state.sync(space.id, client=client, body=by_hand)
        history = spaces_history.sync(space.id, client=client)
        assert history.total == len(history.items) == len(history.history), history
        assert history.items[0].new_state == "occupied", history
        spaces = spaces_list.sync(client=client)
        assert space.id in [listed.id for listed in spaces.spaces], spaces
    print("the generated client has booked a space and read its history")


main(sys.argv[1])
