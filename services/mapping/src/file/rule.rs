//! Reading the lists of rules.

use globset::{Glob, GlobSet, GlobSetBuilder};

use super::check;
use super::read::{Reader, Table};
use super::{Settlement, Store, TaxClass, VatCode, vat_codes};
use crate::rules::{LineKind, Rule, Rules, When};

/// Conditions that the order as a whole can answer.
const ORDER_CONDITIONS: [&str; 6] = ["store", "website", "customer_group", "country", "currency", "payment_method"];
/// Conditions that only a line can answer, followed by those of the order.
const LINE_CONDITIONS: [&str; 11] = [
    "line",
    "sku",
    "product_type",
    "tax_rate",
    "tax_class",
    "store",
    "website",
    "customer_group",
    "country",
    "currency",
    "payment_method",
];

/// Stores and tax classes that the conditions may name.
pub(super) struct Names<'a> {
    pub(super) stores: &'a [Store],
    pub(super) tax_classes: &'a [TaxClass],
}

/// Subject that the rules of a list are asked about. It also decides which lines a rule without `line` speaks of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// The order: conditions on lines make no sense.
    Order,
    /// Each line; a rule that names no `line` speaks of every line.
    EveryLine,
    /// Each line; a rule that names no `line` speaks of what is sold.
    SoldLines,
}

/// A rule with the table that it was read from, for checks that compare rules.
pub(super) struct Read<'t, T> {
    pub(super) table: Table<'t>,
    pub(super) rule: Rule<T>,
}

/// Reads a list of rules whose value is one text.
pub(super) fn texts<'t>(
    reader: &mut Reader<'t>,
    root: &Table<'t>,
    names: &Names<'_>,
    (list, value, asked): (&str, &str, Asked),
) -> Rules<String> {
    let read = rules(reader, root, names, list, asked, &[value], |reader, table| reader.required_text(table, value));
    check::reachable(reader, &read);
    Rules(read.into_iter().map(|one| one.rule).collect())
}

/// Reads the VAT rules, and after them the tables of VAT ids by country and rate.
pub(super) fn vat<'t>(reader: &mut Reader<'t>, root: &Table<'t>, names: &Names<'_>) -> Rules<VatCode> {
    let mut read = rules(reader, root, names, "vat", Asked::SoldLines, &["code", "rate"], |reader, table| {
        let code = reader.required_text(table, "code");
        reader.required(table, "rate");
        let rate = reader.number(table, "rate")?;
        Some(VatCode { code: code?, rate })
    });
    read.extend(vat_codes::rules(reader, root));
    check::reachable(reader, &read);
    check::vat_rates(reader, &read);
    Rules(read.into_iter().map(|one| one.rule).collect())
}

/// Reads the rules about how payments are settled.
pub(super) fn payments<'t>(reader: &mut Reader<'t>, root: &Table<'t>, names: &Names<'_>) -> Rules<Settlement> {
    let read = rules(reader, root, names, "payments", Asked::Order, &["method", "cash_account"], |reader, table| {
        let method = reader.required_text(table, "method");
        let cash_account = reader.required_text(table, "cash_account");
        Some(Settlement { method: method?, cash_account: cash_account? })
    });
    check::reachable(reader, &read);
    Rules(read.into_iter().map(|one| one.rule).collect())
}

/// Reads the dimension rules: a list of segments, each with rules of its own.
pub(super) fn dimensions<'t>(
    reader: &mut Reader<'t>,
    root: &Table<'t>,
    names: &Names<'_>,
) -> std::collections::BTreeMap<u32, Rules<String>> {
    let read = rules(reader, root, names, "dimension", Asked::EveryLine, &["segment", "value"], |reader, table| {
        reader.required(table, "segment");
        let segment = reader.id(table, "segment");
        let value = reader.required_text(table, "value");
        let number = u32::try_from(segment?).ok().filter(|number| *number > 0);
        if number.is_none() {
            reader.wrong(table, "segment", "segments are numbered from 1");
        }
        Some((number?, value?))
    });
    let mut lists: std::collections::BTreeMap<u32, Vec<Read<'t, String>>> = std::collections::BTreeMap::new();
    for Read { table, rule: Rule { place, when, value: (segment, value) } } in read {
        lists.entry(segment).or_default().push(Read { table, rule: Rule { place, when, value } });
    }
    let mut dimensions = std::collections::BTreeMap::new();
    for (segment, list) in lists {
        check::reachable(reader, &list);
        dimensions.insert(segment, Rules(list.into_iter().map(|one| one.rule).collect()));
    }
    dimensions
}

pub(super) fn rules<'t, T>(
    reader: &mut Reader<'t>,
    root: &Table<'t>,
    names: &Names<'_>,
    list: &str,
    asked: Asked,
    values: &[&str],
    value: impl Fn(&mut Reader<'t>, &Table<'t>) -> Option<T>,
) -> Vec<Read<'t, T>> {
    let mut read = Vec::new();
    for table in reader.tables(root, list) {
        let before = reader.count();
        let known: Vec<&str> = ["when"].iter().chain(values).copied().collect();
        reader.known_keys(&table, &known);
        let when = when(reader, &table, names, asked);
        let value = value(reader, &table);
        // A rule that is wrong is left out, so that comparing it with others does not add to what is said about it.
        if let (Some(value), true) = (value, reader.count() == before) {
            let place = reader.place(&table);
            read.push(Read { table, rule: Rule { place, when, value } });
        }
    }
    read
}

fn when<'t>(reader: &mut Reader<'t>, rule: &Table<'t>, names: &Names<'_>, asked: Asked) -> When {
    let table = reader.table(rule, "when");
    let known: &[&str] = if asked == Asked::Order { &ORDER_CONDITIONS } else { &LINE_CONDITIONS };
    reader.known_keys(&table, known);
    let line = reader.choices(&table, "line", &LineKind::words()).concat();
    let silent = line.is_empty() && asked == Asked::SoldLines;
    let when = When {
        line: if silent { LineKind::SOLD.to_vec() } else { line },
        sku: patterns(reader, &table, "sku"),
        product_type: reader.texts(&table, "product_type"),
        tax_rate: reader.numbers(&table, "tax_rate"),
        tax_class: reader.texts(&table, "tax_class"),
        store: reader.texts(&table, "store"),
        website: reader.ids(&table, "website"),
        customer_group: reader.ids(&table, "customer_group"),
        country: reader.texts(&table, "country"),
        currency: reader.texts(&table, "currency"),
        payment_method: patterns(reader, &table, "payment_method"),
    };
    check::names(reader, &table, &when, names);
    when
}

/// Patterns with `*`, `?` and `[…]`; `None` when the key is absent.
pub(super) fn patterns<'t>(reader: &mut Reader<'t>, table: &Table<'t>, key: &str) -> Option<GlobSet> {
    let texts = reader.texts(table, key);
    patterns_of(reader, table, key, &texts)
}

/// As [`patterns`], of texts that were read.
pub(super) fn patterns_of<'t>(
    reader: &mut Reader<'t>,
    table: &Table<'t>,
    key: &str,
    texts: &[String],
) -> Option<GlobSet> {
    if texts.is_empty() {
        return None;
    }
    let mut set = GlobSetBuilder::new();
    for text in texts {
        match Glob::new(text) {
            Ok(glob) => {
                set.add(glob);
            }
            Err(error) => reader.wrong(table, key, format!("`{text}` is no pattern: {}", error.kind())),
        }
    }
    match set.build() {
        Ok(set) => Some(set),
        Err(error) => {
            reader.wrong(table, key, format!("these patterns cannot be used together: {}", error.kind()));
            None
        }
    }
}
