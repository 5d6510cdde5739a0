//! Dimensions, VAT zones, and what is left to Visma unless a rule stands there.

use std::collections::BTreeSet;

use super::lists::{listed, plain, quoted};
use super::{Ground, add, entries, rates};
use crate::rules::Facts;
use crate::survey::{Entry, Segment};

/// Members of the EU.
const EU: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// A rule for each segment of the subaccount, unless a file leaves them to Visma on purpose.
pub(super) fn dimensions(ground: &Ground<'_>) -> String {
    let mut text = String::new();
    let wanted =
        |number: u32| ground.old.is_none_or(|old| !old.dimensions.is_empty() && !old.dimensions.contains_key(&number));
    for segment in ground.books.segments.iter().flatten().filter(|segment| wanted(segment.number)) {
        let Segment { number, name, values, .. } = segment;
        let usable: Vec<_> = values.iter().filter(|value| value.active).collect();
        let value = match usable.as_slice() {
            [only] => quoted(&only.key),
            _ => quoted(&format!("? segment {number}")),
        };
        let answers = listed(usable.into_iter(), "Visma lists no value");
        let name = plain(name);
        add(&mut text, format_args!("\n[[dimension]]    # {name}: {answers}\nsegment = {number}\nvalue = {value}\n"));
    }
    text
}

/// VAT zones: for each country where VAT is charged, for the EU without VAT, and for all others.
pub(super) fn zones(ground: &Ground<'_>) -> String {
    let known: Vec<&Entry> = ground.books.vat_zones.iter().flatten().filter(|entry| entry.active).collect();
    let answers = listed(known.iter().copied(), "none could be read");
    let mut text = String::new();
    match (ground.old, known.as_slice()) {
        (Some(old), _) if old.vat_zones.0.is_empty() => {}
        (Some(old), _) => {
            let lacks = |country: &&String| {
                let facts = Facts { country: country.as_str(), ..Facts::default() };
                old.vat_zones.find(&facts).is_none()
                    && !old.vat_zones.0.iter().any(|rule| rule.when.country.contains(*country))
            };
            for country in ground.seen.countries.keys().filter(lacks) {
                zone(&mut text, &quoted(country), country, &answers);
            }
        }
        (None, []) => add(&mut text, format_args!("#\n# [[vat_zone]]    # {answers}\n# zone = \"…\"\n")),
        (None, [only]) => {
            let (zone, name) = (quoted(&only.key), plain(&only.name));
            add(&mut text, format_args!("\n[[vat_zone]]    # {name}: the only one\nzone = {zone}\n"));
        }
        (None, _) => first_zones(&mut text, ground, &answers),
    }
    text
}

fn first_zones(text: &mut String, ground: &Ground<'_>, answers: &str) {
    let seen = &ground.seen.countries;
    let charged: BTreeSet<&str> =
        rates::charged(ground).into_iter().filter(|country| seen.is_empty() || seen.contains_key(*country)).collect();
    for country in &charged {
        zone(text, &quoted(country), country, answers);
    }
    let untaxed = |country: &&&str| seen.contains_key(**country) && !charged.contains(*country);
    let untaxed: Vec<String> = EU.iter().filter(untaxed).map(|country| quoted(country)).collect();
    if !untaxed.is_empty() {
        let countries =
            if let [only] = untaxed.as_slice() { only.clone() } else { format!("[{}]", untaxed.join(", ")) };
        zone(text, &countries, "EU without VAT", answers);
    }
    let others = quoted("? zone of all others");
    add(text, format_args!("\n[[vat_zone]]    # all other countries: {answers}\nzone = {others}\n"));
}

fn zone(text: &mut String, countries: &str, called: &str, answers: &str) {
    let question = quoted(&format!("? zone {called}"));
    add(text, format_args!("\n[[vat_zone]]    # {answers}\nwhen = {{ country = {countries} }}\nzone = {question}\n"));
}

/// Adds, as comments, the rules whose choice can be left to Visma.
pub(super) fn left(file: &mut String, ground: &Ground<'_>) {
    let books = ground.books;
    super::headed(
        file,
        "What is left to Visma unless a rule stands here",
        "A rule may ask for store, website, customer_group, country, currency and payment_method.",
    );
    let lists = [
        ("branch", "branch", &books.branches),
        ("customer_class", "class", &books.classes),
        ("terms", "terms", &books.terms),
    ];
    for (list, key, known) in lists {
        let answers = listed(known.iter().flatten().filter(|entry| entry.active), "none could be read");
        add(file, format_args!("#\n# [[{list}]]    # {answers}\n# {key} = \"…\"\n"));
    }
    let methods = listed(books.payment_methods.iter().flatten().filter(|entry| entry.active), "none could be read");
    let accounts = listed(books.cash_accounts.iter().flatten().filter(|entry| entry.active), "none could be read");
    let paid = entries::methods(ground).iter().map(|method| quoted(method)).collect::<Vec<_>>().join(", ");
    add(
        file,
        format_args!(
            "#\n# [[payments]]    # settles in Visma what was paid by these methods\n# when = {{ payment_method = [{paid}] }}\n"
        ),
    );
    add(file, format_args!("# method = \"…\"    # {methods}\n# cash_account = \"…\"    # {accounts}\n"));
}
