//! Tables of VAT ids by country and rate: the short form of a rule for each.
//!
//! An entry speaks of every line that may be taxed. The tables stand behind the `[[vat]]` rules, which are for what is
//! not as simple, and the table of all countries stands behind those of single ones.

use rust_decimal::Decimal;
use toml::Spanned;
use toml::de::DeValue;

use super::VatCode;
use super::read::{Reader, Table};
use super::rule::Read;
use crate::rules::{LineKind, Rule, When};

/// The table that speaks of every country.
const OTHERS: &str = "others";

/// Reads `[vat_codes.NO]` and the like.
pub(super) fn rules<'t>(reader: &mut Reader<'t>, root: &Table<'t>) -> Vec<Read<'t, VatCode>> {
    let list = reader.table(root, "vat_codes");
    let (others, countries): (Vec<&str>, Vec<&str>) =
        list.keys().map(|(country, _)| country).partition(|country| *country == OTHERS);
    let mut read = Vec::new();
    for country in countries.into_iter().chain(others) {
        if country == OTHERS || country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            let table = reader.table(&list, country);
            read.extend(of_country(reader, &table, country));
        } else {
            let sentence = "a country has two capital letters, as in ISO 3166; `others` speaks of all countries";
            reader.wrong(&list, country, sentence);
        }
    }
    read
}

fn of_country<'t>(reader: &mut Reader<'t>, table: &Table<'t>, country: &str) -> Vec<Read<'t, VatCode>> {
    let mut read: Vec<Read<'t, VatCode>> = Vec::new();
    // The parser sorts the keys; what is said twice is said of the second in the file.
    let mut keys: Vec<(&str, usize)> = table.keys().collect();
    keys.sort_by_key(|(_, start)| *start);
    for (key, _) in keys {
        let Some(rate) = rate_of(reader, table, key) else { continue };
        if read.iter().any(|other| other.rule.value.rate == rate) {
            reader.wrong(table, key, format!("{} % stands here twice", rate.normalize()));
            continue;
        }
        let Some(code) = reader.text(table, key) else { continue };
        let when = When {
            line: LineKind::TAXABLE.to_vec(),
            country: Some(country.to_owned()).filter(|country| country != OTHERS).into_iter().collect(),
            tax_rate: vec![rate],
            ..When::default()
        };
        let leaf = table.leaf(key);
        let place = reader.place(&leaf);
        read.push(Read { table: leaf, rule: Rule { place, when, value: VatCode { code, rate } } });
    }
    read
}

/// The rate that a key says, in percent.
fn rate_of<'t>(reader: &mut Reader<'t>, table: &Table<'t>, key: &str) -> Option<Decimal> {
    let plain = key.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let rate = key.parse::<Decimal>().ok().filter(|_| plain);
    match (rate, table.get(key).map(Spanned::get_ref)) {
        (Some(_), Some(DeValue::Table(_))) => {
            reader.wrong(table, key, "a rate with a point stands in quotes: \"25.5\" = \"…\"");
            None
        }
        (Some(rate), _) => Some(rate),
        (None, _) => {
            reader.wrong(table, key, format!("`{key}` is no rate: write it in percent, such as 25 or \"25.5\""));
            None
        }
    }
}
