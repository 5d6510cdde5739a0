use std::collections::BTreeSet;

use super::{Address, Connection, Entity, Kind, Span, System, partition};

/// The published test vectors of FNV-1a, 64 bits (`af63dc4c8601ec8c` for "a"), modulo 16. They may never change: a lane
/// that moved to another partition would be worked on in two places.
#[test]
fn partitions_are_fixed_for_ever() {
    for (lane, expected) in [("", "05"), ("a", "12"), ("foobar", "08"), ("487", "02"), ("100000042", "14")] {
        assert_eq!(format!("{:02}", partition(lane)), expected, "{lane}");
    }
    let used: BTreeSet<u8> = (0..200).map(|order| partition(&order.to_string())).collect();
    assert_eq!(used, (0..super::PARTITIONS).collect());
}

#[test]
fn addresses_are_the_subjects_of_the_streams() {
    let main = Connection::new("main");
    let order = Address::change(&main, System::Commerce, Entity::Order, "7.1");
    let invoice = Address::command(&main, System::Visma, Entity::Invoice, "7", "foobar");
    for (address, subject) in [
        (Address::hint(&main, System::Commerce, Entity::Order, "7"), "hint.main.commerce.order.7"),
        (order, "change.main.commerce.order.7=2E1"),
        (invoice, "command.main.visma.invoice.7.08"),
        (Address::outcome(&main, System::Visma, Entity::Invoice, ""), "outcome.main.visma.invoice.="),
        (
            Address::outcome(&Connection::new("a.b"), System::Mapping, Entity::SeenInvoice, "k"),
            "outcome.a=2Eb.mapping.visma-invoice.k",
        ),
    ] {
        assert_eq!(address.subject(), subject);
        assert_eq!(Address::parse(subject), Ok(address));
    }
    for subject in
        ["", "hint.main", "hint.main.commerce.order", "change.main.commerce.parcel.7", "change.main.sap.order.7"]
    {
        assert!(Address::parse(subject).is_err(), "{subject}");
    }
    for subject in ["command.main.visma.invoice.7", "command.main.visma.invoice.7.16", "hint.main.commerce.order.7.1"] {
        assert!(Address::parse(subject).is_err(), "{subject}");
    }
}

#[test]
fn spans_are_filters_of_subjects() {
    let main = Connection::new("main");
    assert_eq!(Span::all(&main, Kind::Change).filter(), "change.main.>");
    assert_eq!(Span::system(&main, Kind::Command, System::Visma).filter(), "command.main.visma.>");
    let customers = Span::entity(&main, Kind::Outcome, System::Visma, Entity::Customer);
    assert_eq!((customers.filter().as_str(), customers.stream()), ("outcome.main.visma.customer.>", "OUTCOMES"));
}
