use std::collections::HashMap;

use super::{Identity, taken};

fn identity(name: &str, parts: &[(&str, &str)]) -> Identity {
    Identity::new(name, parts.iter().map(|(part, value)| (*part, (*value).to_owned())))
}

#[test]
fn what_is_kept_of_one_connection_says_nothing_of_another() {
    let mut metadata = HashMap::from([("_nats.level".to_owned(), "4".to_owned())]);
    let (main, second) = (identity("main", &[("shop", "a")]), identity("main.2", &[("shop", "b")]));
    main.keep(&mut metadata);
    assert!(second.kept(&metadata).is_empty());
    second.keep(&mut metadata);
    assert!(main.differences(&main.kept(&metadata)).is_empty());
    assert!(second.differences(&second.kept(&metadata)).is_empty());
    assert_eq!(metadata.len(), 3, "{metadata:?}");
}

#[test]
fn a_part_that_is_not_shown_is_not_compared_and_stays() {
    let mut metadata = HashMap::new();
    identity("main", &[("shop", "a"), ("Visma-tenant", "1")]).keep(&mut metadata);
    let hidden = identity("main", &[("shop", "a"), ("Visma-tenant", ""), ("Visma-company", "7")]);
    assert!(hidden.differences(&hidden.kept(&metadata)).is_empty());
    hidden.keep(&mut metadata);
    let other = identity("main", &[("Visma-tenant", "2"), ("Visma-company", "8")]);
    let differences = other.differences(&other.kept(&metadata));
    let told = taken("main", &differences).sentence;
    assert!(told.contains("is of the Visma company 7 and the Visma tenant 1; the settings are of"), "{told}");
    assert_eq!(differences.iter().map(ToString::to_string).collect::<Vec<_>>()[1], "Visma tenant: 2 instead of 1");
}
