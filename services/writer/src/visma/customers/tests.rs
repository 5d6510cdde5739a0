use async_nats::HeaderMap;
use bytes::Bytes;
use proto::matching::{INACTIVE, INTERNAL, NUMBER};
use record::envelope::{KIND, set};

use super::*;

impl Customers {
    /// A view that follows nothing.
    pub(super) fn alone() -> Self {
        let customers = Self::new(&Arc::new(Store::temporary()));
        customers.store.write(|tables| tables.execute_batch(tables::TABLES));
        customers
    }

    fn sees(&self, subject: &str, headers: &[(&'static str, &str)]) {
        let mut map = HeaderMap::new();
        headers.iter().for_each(|(name, value)| set(&mut map, *name, value));
        let (headers, body) = (&map, &Bytes::new());
        self.store.write(|tables| self.see(tables, &Seen { subject, headers, body, sequence: 1 }));
    }
}

const READ: &str = "change.main.visma.customer.";
const SETTLED: &str = "outcome.main.visma.customer.";

fn email(hash: u8) -> (&'static str, String) {
    (EMAIL, format!("{hash:032x}"))
}

fn corporate(hash: u8) -> (&'static str, String) {
    (CORPORATE, format!("{hash:032x}"))
}

#[test]
fn an_organisation_number_counts_before_an_address_and_a_retired_customer_last() {
    let customers = Customers::alone();
    customers.listed("1000", None, &[email(1)], false);
    customers.listed("1001", None, &[email(2), corporate(9)], true);
    assert_eq!(customers.find(&[email(1), corporate(9)]), Match::One("1001".into()));
    assert_eq!(customers.find(&[email(3)]), Match::Nobody);
    customers.listed("1002", None, &[corporate(9)], false);
    assert_eq!(customers.find(&[corporate(9)]), Match::One("1002".into()), "the other one is retired");
    customers.listed("1003", None, &[corporate(9)], false);
    assert_eq!(customers.find(&[corporate(9)]), Match::Several(vec!["1002".into(), "1003".into()]));
    // What is read replaces what was known.
    customers.sees(&format!("{READ}1003"), &[(NUMBER, "1003"), (INACTIVE, "true")]);
    assert_eq!(customers.find(&[corporate(9)]), Match::One("1002".into()));
    assert_eq!(customers.taken("1000", &[email(2), corporate(9)]), ["1002"]);
    customers.gains("1000", &[corporate(9)]);
    assert_eq!(customers.taken("1000", &[corporate(9)]), [] as [&str; 0]);
}

#[test]
fn all_versions_of_a_record_come_to_what_the_last_one_says() {
    let customers = Customers::alone();
    let (one, two) = (email(1).1, email(2).1);
    let outcome = format!("{SETTLED}7");
    customers.sees(&outcome, &[(KIND, "intent"), (EMAIL, &one)]);
    assert!(!customers.reserve("8", &[email(1)]), "it may stand in Visma");
    assert!(customers.reserve("8", &[email(2)]));
    customers.release("8");
    customers.sees(&outcome, &[(KIND, "applied"), (NUMBER, "1000"), (EMAIL, &one)]);
    assert!(customers.reserve("8", &[email(1)]));
    assert_eq!((customers.linked("7"), customers.find(&[email(1)])), (Some("1000".into()), Match::One("1000".into())));
    // The record is linked with another customer since, and no poll has ever seen the first one.
    customers.sees(&outcome, &[(KIND, "unchanged"), (NUMBER, "1001"), (EMAIL, &two)]);
    assert_eq!((customers.linked("7"), customers.find(&[email(1)])), (Some("1001".into()), Match::Nobody));
    // One that a poll has seen stands there whatever our record says.
    customers.sees(&format!("{READ}1001"), &[(NUMBER, "1001"), (EMAIL, &two)]);
    customers.sees(&outcome, &[(KIND, "unchanged"), (NUMBER, "1002")]);
    assert_eq!(customers.find(&[email(2)]), Match::One("1001".into()));
}

#[test]
fn a_customer_that_was_given_another_number_is_the_same() {
    let customers = Customers::alone();
    let mark = email(1).1;
    customers.sees(&format!("{SETTLED}7"), &[(KIND, "applied"), (NUMBER, "1000"), (EMAIL, &mark)]);
    customers.sees(&format!("{READ}1000"), &[(NUMBER, "1000"), (INTERNAL, "5"), (EMAIL, &mark)]);
    customers.sees(&format!("{READ}2000"), &[(NUMBER, "2000"), (INTERNAL, "5"), (EMAIL, &mark)]);
    assert_eq!((customers.renumbered("1000"), customers.linked("7")), (Some("2000".into()), Some("2000".into())));
    assert_eq!(customers.find(&[email(1)]), Match::One("2000".into()));
    customers.sees(&format!("{READ}3000"), &[(NUMBER, "3000"), (INTERNAL, "5"), (EMAIL, &mark)]);
    assert_eq!(customers.renumbered("1000"), Some("3000".into()));
    // What an outcome calls by its old number has the new one.
    customers.sees(&format!("{SETTLED}8"), &[(KIND, "applied"), (NUMBER, "1000")]);
    assert_eq!(customers.linked("8"), Some("3000".into()));
}
