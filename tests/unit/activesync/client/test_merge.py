from fermoposta.activesync.client.merge import merge
from fermoposta.activesync.wbxml import Element


def item(**texts):
    return Element(
        "AirSync:ApplicationData",
        [Element(tag.replace("_", ":"), text) for tag, text in texts.items()],
    )


def texts(element):
    return {child.tag: child.text for child in element.elements}


def test_mail_keeps_what_a_change_of_flags_leaves_out():
    """Such a Change has flags and categories alone."""
    old = item(Email_Subject="Ciao", Email_Read="0")

    assert texts(merge(old, item(Email_Read="1"))) == {"Email:Subject": "Ciao", "Email:Read": "1"}


def test_a_contact_loses_what_a_change_leaves_out():
    """All but its picture and its notes: they stay until they are replaced."""
    old = item(
        Contacts_LastName="Hopper",
        Contacts_Title="Dr",
        Contacts_Picture="…",
        AirSyncBase_Body="notes",
    )

    assert texts(merge(old, item(Contacts_LastName="Murray"))) == {
        "Contacts:LastName": "Murray",
        "Contacts:Picture": "…",
        "AirSyncBase:Body": "notes",
    }


def test_what_a_device_does_not_know_stays():
    """A device that knows no titles does not delete them."""
    old = item(Contacts_LastName="Hopper", Contacts_Title="Dr", Contacts_Suffix="II")
    supported = {"Contacts:LastName", "Contacts:Suffix"}

    assert texts(merge(old, item(Contacts_LastName="Murray"), supported=supported)) == {
        "Contacts:LastName": "Murray",
        "Contacts:Title": "Dr",
    }


def test_a_partial_change_deletes_nothing():
    """From 16.0 on, what an appointment's Change leaves out is as it was."""
    old = item(Calendar_Subject="Pranzo", Calendar_Reminder="15")

    assert texts(merge(old, item(Calendar_Reminder="30"), partial=True)) == {
        "Calendar:Subject": "Pranzo",
        "Calendar:Reminder": "30",
    }
    assert texts(merge(old, item(Calendar_Reminder="30"))) == {"Calendar:Reminder": "30"}
