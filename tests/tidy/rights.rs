//! The broker's users that are shipped are those that `ml-connector rights` prints for the connection `main`.

use ml_connector::rights::users;
use record::address::Connection;

const SHIPPED: &str = include_str!("../../deploy/nats/users.conf");

fn of(names: &[&str]) -> String {
    users(&names.iter().map(|name| Connection::new(name)).collect::<Vec<_>>())
}

#[test]
fn the_shipped_users_are_those_of_the_connection_main() {
    assert_eq!(of(&["main"]), SHIPPED);
}

#[test]
fn each_connection_has_its_consumers_named_and_no_other_subject_twice() {
    let users = of(&["main", "sverige"]);
    for consumer in ["ingestor-commerce", "mapper", "writer-visma", "writer-commerce"] {
        let named = |text: &str, name: &str| {
            let is_about = |subject: &&str| subject.split('.').any(|token| token == name);
            let subjects = text
                .split('"')
                .filter(|subject| subject.starts_with("$JS.API.CONSUMER.") && !subject.contains("waiting."));
            subjects.filter(is_about).count()
        };
        let before = named(SHIPPED, consumer);
        assert!(before > 0);
        assert_eq!(named(&users, consumer), before, "{consumer}");
        assert_eq!(named(&users, &format!("{consumer}-sverige")), before, "{consumer}");
    }
    let once = "\"hint.*.commerce.>\"";
    assert_eq!((users.matches(once).count(), SHIPPED.matches(once).count()), (1, 1));
    assert!(users.contains("$JS.ACK.*.*.CHANGES.mapper-sverige.>"), "{users}");
    assert!(!of(&["sverige"]).contains("\"$JS.API.CONSUMER.MSG.NEXT.CHANGES.mapper\""), "main is none of them");
}
