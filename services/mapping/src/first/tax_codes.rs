//! Whose VAT each of the shop's tax rates is: the shop says it itself.

use std::collections::{BTreeMap, BTreeSet};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::lists::quoted;
use super::{Ground, add};
use crate::file::TaxCode;
use crate::survey::Shop;

/// Codes by country.
type Codes<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// The codes of the rates that a tax rule uses.
pub(super) fn of(shop: &Shop) -> Codes<'_> {
    let mut codes = Codes::new();
    for rate in shop.tax_rates.iter().flatten().filter(|rate| rate.used && !rate.code.trim().is_empty()) {
        if rate.country.len() == 2 && rate.country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            codes.entry(&rate.country).or_default().insert(rate.code.trim());
        }
    }
    codes
}

/// One country's codes as the file reads them.
pub(super) fn rule(country: &str, codes: &BTreeSet<&str>) -> Option<TaxCode> {
    let mut set = GlobSetBuilder::new();
    for code in codes {
        set.add(GlobBuilder::new(&globset::escape(code)).case_insensitive(true).build().ok()?);
    }
    let codes: GlobSet = set.build().ok()?;
    Some(TaxCode { codes, country: country.to_owned() })
}

/// The rules, of codes that the file before this one does not know.
pub(super) fn rules(ground: &Ground<'_>) -> String {
    let is_new =
        |code: &&&str| ground.old.is_none_or(|old| !old.tax_codes.iter().any(|one| one.codes.is_match(code.trim())));
    let mut text = String::new();
    for (country, codes) in of(ground.shop) {
        let codes: Vec<String> = codes.iter().filter(is_new).map(|code| quoted(&globset::escape(code))).collect();
        if !codes.is_empty() {
            let country = quoted(country);
            add(&mut text, format_args!("[[tax_code]]\ncodes = [{}]\ncountry = {country}\n\n", codes.join(", ")));
        }
    }
    if text.is_empty() && ground.old.is_none() {
        for country in ["NO", "SE", "DK", "FI"] {
            let codes = format!("codes = [\"{country}[-_ 0-9]*\"]");
            add(&mut text, format_args!("[[tax_code]]\n{codes}\ncountry = \"{country}\"\n\n"));
        }
    }
    text
}
