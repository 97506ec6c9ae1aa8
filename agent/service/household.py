"""What the household asks of a running service: its controls turned, its notes typed, confirmed and in force."""

from datetime import date, datetime, timedelta

from agent.decision.controls import Acting, ControlPanel
from agent.language.notes.note_box import NoteBox
from agent.service.command_sender import CommandSender
from agent.service.discovery_publisher import DiscoveryPublisher
from agent.service.feed import Problems
from agent.views.service_state import SharedServiceState
from energy.constraints import Constraint
from energy.errors import AdvisorError, DataError
from energy.home import Home
from knowledge.notes import Note, NoteBook
from transport.mqtt import Message, MqttLink

_LONGEST_NOTE = 500


class NotesInForce:
    """The notes that hold now or are ahead; a damaged note book leaves those known so far in force."""

    def __init__(self, notes: NoteBook | None, home: Home, problems: Problems, *, weighed: bool) -> None:
        self._book, self._home, self._problems = notes, home, problems
        self._notes: tuple[Note, ...] = ()
        self._weighed = weighed

    def read(self, now: datetime) -> bool:
        """Read them anew; whether any came or went."""
        if self._book is None:
            return False
        try:
            notes = tuple(self._book.active(now))
        except AdvisorError as err:
            self._problems.report("notes", str(err))
            return False
        if self._book.faults:
            self._problems.report("notes", "; ".join(self._book.faults))
        else:
            self._problems.clear("notes", "the notes can be read again")
        changed = {note.id for note in notes} != set(self.ids)
        self._notes = notes
        return changed

    @property
    def ids(self) -> list[str]:
        """Which they are."""
        return [note.id for note in self._notes]

    @property
    def texts(self) -> tuple[str, ...]:
        """As they were written."""
        return tuple(note.text for note in self._notes)

    @property
    def remarks(self) -> tuple[Note, ...]:
        """Those that ask nothing of the plan, where the model weighs them."""
        return tuple(note for note in self._notes if note.constraint is None and self._weighed)

    def ask_once(self, now: datetime) -> str | None:
        """The remarks that the household was not asked about yet, and is from now on; None where there is none."""
        if self._book is None:
            return None
        try:
            known = self._book.list_by_id()
            fresh = [note for note in self.remarks if note.id in known and not known[note.id].asked]
            for note in fresh:
                self._book.asked(note.id, now=now)
        except AdvisorError as err:
            self._problems.report("notes", str(err))
            return None
        return "; ".join(note.text for note in fresh)[:_LONGEST_NOTE] or None

    @property
    def constraints(self) -> list[Constraint]:
        """What they ask of the plan."""
        return [note.constraint for note in self._notes if note.constraint is not None]

    def texts_about(self, day: date) -> tuple[str, ...]:
        """What the household said of a day; a damaged note book was reported when it was read."""
        if self._book is None:
            return ()
        try:
            return self._book.texts_about(day, self._home.tz)
        except AdvisorError:
            return ()


class Household:
    """Turns controls and takes notes; what changes the plan asks for a decision."""

    def __init__(
        self,
        panel: ControlPanel,
        note_box: NoteBox,
        sender: CommandSender,
        publisher: DiscoveryPublisher,
        shared_state: SharedServiceState,
        problems: Problems,
    ) -> None:
        self._panel, self._note_box, self._sender = panel, note_box, sender
        self._publisher, self._shared_state, self._problems = publisher, shared_state, problems

    def take(self, control: str, message: Message, link: MqttLink, *, now: datetime | None) -> None:
        """Turn a control or take a note.

        Raises:
            DataError: it cannot stand there, or the message may be an old one.
        """
        if message.retained:
            raise DataError(f"{message.topic}: retained, so it may be old: publish controls without the retain flag")
        if control in {"note", "confirm_note"}:
            self._take_note(control, message.payload, link, now)
            return
        self._turn(control, message, link, now)
        self._problems.clear(message.topic)
        self._shared_state.wish_decision()

    def _turn(self, control: str, message: Message, link: MqttLink, now: datetime | None) -> None:
        acted = self._panel.controls.acting is Acting.ACT
        try:
            if control != "decide_now":
                self._panel.turn(control, message.payload)
        finally:
            self._publisher.show_controls(link)
        if now is not None and control == "acting":
            self._give_or_take(now, acted, link)

    def see_to_acting(self, now: datetime, link: MqttLink) -> None:
        """Act as was asked for on the page; go back where the time of that is over."""
        acted = self._panel.controls.acting is Acting.ACT
        try:
            changed = self._panel.end_limited(now)
            while (wish := self._shared_state.next_acting()) is not None:
                changed = True
                self._panel.act(wish.acting, now + timedelta(hours=wish.hours) if wish.hours else None)
        except DataError as err:
            changed = True
            self._problems.report("acting", str(err))
        if changed:
            self._publisher.show_controls(link)
            self._give_or_take(now, acted, link)
            self._shared_state.wish_decision()

    def _take_note(self, control: str, payload: bytes, link: MqttLink, now: datetime | None) -> None:
        """A note is typed, or the one that was said back is confirmed; the notes are read anew in the next round."""
        if now is None:
            raise DataError("no readings from the house yet: its clock, which notes go by, is not known")
        if control == "note":
            self._note_box.write(payload, now=now)
        else:
            self._note_box.confirm(now=now)
        self._publisher.show_note(link)

    def _give_or_take(self, now: datetime, acted: bool, link: MqttLink) -> None:
        if self._panel.controls.acting is Acting.ACT:
            self._sender.take_back(now, link)
        elif acted:
            self._sender.release(now, link)
