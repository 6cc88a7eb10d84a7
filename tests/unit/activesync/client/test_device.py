import re

from fermoposta.activesync.client import Device
from fermoposta.activesync.client.device import Folder, new_id
from fermoposta.activesync.wbxml import Element

DATA = Element("AirSync:ApplicationData")


def test_ids_are_new_each_time():
    """Of devices, of what they make, and of what the same device makes in another run."""
    assert re.fullmatch("[A-Z0-9]{1,32}", new_id())
    assert new_id() != new_id()

    first, again = Device("PHONE"), Device("PHONE")
    made = {device.client_id() for device in (first, first, again, again)}

    assert len(made) == 4
    assert max(map(len, made)) <= 40  # MS-ASCMD, section 2.2.3.28


def test_what_waits_is_kept_when_a_folder_starts_again():
    """It was made here, and is on no server yet."""
    collection = Device().collection("5")
    collection.add("5:1", DATA)
    collection.pending["c1"] = DATA
    collection.sync_key = "7"

    collection.reset()

    assert (collection.sync_key, collection.items, list(collection.pending)) == ("0", {}, ["c1"])


def test_an_answer_to_what_was_never_sent_is_written_down():
    """And makes no item."""
    collection = Device().collection("5")

    collection.added("c9", "5:9")

    assert collection.items == {}
    assert len(collection.anomalies) == 1


def test_anomalies_of_folders_and_items_stand_together():
    """A test looks at one place."""
    device = Device()
    device.remove_folder("9")
    device.collection("5").remove("5:9")

    assert len(device.anomalies) == 2


def test_a_folder_goes_with_what_is_in_it():
    """Also what is in the folders below."""
    device = Device()
    for each in (Folder("a", "0", "A", 12), Folder("b", "a", "B", 12), Folder("c", "0", "C", 12)):
        device.add_folder(each)
        device.collection(each.id)

    device.remove_folder("a")

    assert device.folders.keys() == device.collections.keys() == {"c"}
