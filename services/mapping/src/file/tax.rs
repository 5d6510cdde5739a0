//! Reading what the file says of the shop's tax: classes, codes, and lines whose tax no rate explains.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::read::{Reader, Table};
use super::rule::{self, Asked, Names, Read};
use super::{BookVat, TaxClass, TaxCode, VatCode, VatException};
use crate::document::DocumentKind;
use crate::rules::Rules;

/// Documents by their names in the file.
const DOCUMENTS: [(&str, DocumentKind); 3] =
    [("order", DocumentKind::Order), ("invoice", DocumentKind::Invoice), ("credit_memo", DocumentKind::CreditMemo)];

/// Treatment of the base that the tax does not explain, by its name in the file.
#[derive(Clone, Copy)]
enum Book {
    Untaxed,
    Included,
}

pub(super) fn classes<'t>(reader: &mut Reader<'t>, root: &Table<'t>) -> Vec<TaxClass> {
    let mut classes = Vec::new();
    for table in reader.tables(root, "tax_class") {
        reader.known_keys(&table, &["name", "tax_codes", "skus"]);
        let name = reader.required_text(&table, "name");
        let tax_codes = rule::patterns(reader, &table, "tax_codes");
        let skus = rule::patterns(reader, &table, "skus");
        if tax_codes.is_none() && skus.is_none() {
            reader.wrong(&table, "tax_codes", "a tax class is told by tax_codes, by skus, or by both");
        }
        let or_none = Option::<GlobSet>::unwrap_or_default;
        classes.extend(name.map(|name| TaxClass { name, tax_codes: or_none(tax_codes), skus: or_none(skus) }));
    }
    classes
}

/// Reads which country's VAT a tax code charges.
pub(super) fn codes<'t>(reader: &mut Reader<'t>, root: &Table<'t>) -> Vec<TaxCode> {
    let mut codes = Vec::new();
    for table in reader.tables(root, "tax_code") {
        reader.known_keys(&table, &["codes", "country"]);
        reader.required(&table, "codes");
        let patterns = any_case(reader, &table, "codes");
        let country = reader.required_text(&table, "country");
        if country.as_ref().is_some_and(|code| code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_uppercase())) {
            reader.wrong(&table, "country", "a country has two capital letters, as in ISO 3166");
        }
        codes.extend(patterns.zip(country).map(|(codes, country)| TaxCode { codes, country }));
    }
    codes
}

/// Patterns that capital and small letters fit alike: people type tax codes by hand.
fn any_case<'t>(reader: &mut Reader<'t>, table: &Table<'t>, key: &str) -> Option<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for text in reader.texts(table, key) {
        match GlobBuilder::new(&text).case_insensitive(true).build() {
            Ok(glob) => {
                set.add(glob);
            }
            Err(error) => reader.wrong(table, key, format!("`{text}` is no pattern: {}", error.kind())),
        }
    }
    set.build().ok()
}

/// Reads how lines are booked whose tax no rate explains. `vat` are the VAT rules, which know the rates of the codes.
pub(super) fn exceptions<'t>(
    reader: &mut Reader<'t>,
    root: &Table<'t>,
    names: &Names<'_>,
    vat: &Rules<VatCode>,
) -> Rules<VatException> {
    let keys = ["documents", "reason", "book", "code"];
    let read = rule::rules(reader, root, names, "vat_exception", Asked::EveryLine, &keys, |reader, table| {
        let documents = reader.choices(table, "documents", &DOCUMENTS);
        let reason = reader.required_text(table, "reason");
        reader.required(table, "book");
        let book = reader.choice(table, "book", &[("untaxed", Book::Untaxed), ("included", Book::Included)]);
        let book = match book? {
            Book::Untaxed => BookVat::Untaxed(untaxed_code(reader, table, vat)?),
            Book::Included if table.get("code").is_some() => {
                reader.wrong(table, "code", "this key has a meaning only with book = \"untaxed\"");
                return None;
            }
            Book::Included => BookVat::Included,
        };
        Some(VatException { documents, reason: reason?, book })
    });
    Rules(read.into_iter().map(|Read { rule, .. }| rule).collect())
}

fn untaxed_code<'t>(reader: &mut Reader<'t>, table: &Table<'t>, vat: &Rules<VatCode>) -> Option<String> {
    let code = reader.required_text(table, "code")?;
    let known = vat.0.iter().map(|rule| &rule.value).find(|known| known.code == code);
    if let Some(known) = known.filter(|known| !known.rate.is_zero()) {
        let rate = known.rate;
        reader.wrong(table, "code", format!("VAT code {code} has {rate} %, but what no tax was charged on has 0 %"));
    }
    Some(code)
}
