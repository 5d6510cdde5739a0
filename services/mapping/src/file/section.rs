//! Reading the sections of the mapping file into a [`Mapping`].

use std::collections::BTreeMap;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use rust_decimal::Decimal;

use super::read::{Reader, Table};
use super::rule::{self, Asked, Names};
use super::{
    ClosedPeriod, Currency, Customers, Discount, ExchangeRate, Guests, InvoiceSettings, Mapping, NameOf, Payment,
    PinVat, Store, Totals, VatOn, check, fee, sales_order, tax,
};
use crate::decision::Field;
use crate::held::QUESTION;

/// Places that a currency may have behind the point (ISO 4217 knows none with more than four).
const MAX_DECIMALS: u64 = 4;
/// `vat_limit` of a file that has none: 0.05.
pub(crate) const VAT_LIMIT: Decimal = Decimal::from_parts(5, 0, 0, false, 2);

/// Reads the whole file. `None` when something without which there is no mapping is missing; the reader knows what.
pub(super) fn mapping<'t>(reader: &mut Reader<'t>, root: &Table<'t>) -> Option<Mapping> {
    let version = reader.required_text(root, "version");
    let company = company(reader, root);
    let totals = totals(reader, root);
    let currencies = currencies(reader, root, totals.as_ref());
    let payment = payment(reader, root);
    let invoice = invoice(reader, root);
    let customers = customers(reader, root);
    let stores = stores(reader, root);
    let tax_classes = tax::classes(reader, root);
    let tax_codes = tax::codes(reader, root);
    let fees = fee::rules(reader, root);

    let names = Names { stores: &stores, tax_classes: &tax_classes };
    let accounts = rule::texts(reader, root, &names, ("account", "account", Asked::SoldLines));
    let vat = rule::vat(reader, root, &names);
    let vat_exceptions = tax::exceptions(reader, root, &names, &vat);
    if reader.count() == 0 {
        check::rounding(reader, root, "account", &accounts);
        check::rounding(reader, root, "vat", &vat);
    }
    let dimensions = rule::dimensions(reader, root, &names);
    let branches = rule::texts(reader, root, &names, ("branch", "branch", Asked::Order));
    let customer_classes = rule::texts(reader, root, &names, ("customer_class", "class", Asked::Order));
    let terms = rule::texts(reader, root, &names, ("terms", "terms", Asked::Order));
    let vat_zones = rule::texts(reader, root, &names, ("vat_zone", "zone", Asked::Order));
    let payments = rule::payments(reader, root, &names);

    let sales_orders = sales_order::rules(reader, root);

    let (base_currency, time_zone) = company?;
    Some(Mapping {
        version: version?,
        places: Vec::new(),
        base_currency,
        time_zone,
        currencies,
        payment: payment?,
        invoice: invoice?,
        customers: customers?,
        totals: totals?,
        stores,
        tax_classes,
        tax_codes,
        fees,
        accounts,
        vat,
        vat_exceptions,
        dimensions,
        branches,
        customer_classes,
        terms,
        vat_zones,
        payments,
        sales_orders,
    })
}

fn company<'t>(reader: &mut Reader<'t>, root: &Table<'t>) -> Option<(String, TimeZone)> {
    let table = reader.table(root, "company");
    reader.known_keys(&table, &["base_currency", "time_zone"]);
    let base_currency = reader.required_text(&table, "base_currency");
    let name = reader.required_text(&table, "time_zone")?;
    // The bundled time zones, not those of the machine: the same file means the same everywhere.
    match TimeZoneDatabase::bundled().get(&name) {
        Ok(time_zone) => Some((base_currency?, time_zone)),
        Err(_) => {
            reader.wrong(&table, "time_zone", format!("`{name}` is no IANA time zone, such as `Europe/Oslo`"));
            None
        }
    }
}

fn currencies<'t>(reader: &mut Reader<'t>, root: &Table<'t>, totals: Option<&Totals>) -> BTreeMap<String, Currency> {
    let list = reader.table(root, "currency");
    let mut currencies = BTreeMap::new();
    for (code, _) in list.keys() {
        let table = reader.table(&list, code);
        reader.known_keys(&table, &["decimals", "exchange_rate", "rounding_limit", "vat_limit"]);
        if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
            reader.wrong(&list, code, "a currency has three capital letters, as in ISO 4217");
        }
        let decimals = reader.id(&table, "decimals").unwrap_or(2);
        if decimals > MAX_DECIMALS {
            reader.wrong(&table, "decimals", format!("no currency has more than {MAX_DECIMALS} decimals"));
        }
        let choices = [("visma", ExchangeRate::Visma), ("order", ExchangeRate::Order)];
        let exchange_rate = reader.choice(&table, "exchange_rate", &choices).unwrap_or(ExchangeRate::Visma);
        let decimals = u32::try_from(decimals.min(MAX_DECIMALS)).unwrap_or_default();
        let mut own = |key, of_all: Option<Decimal>| {
            limit(reader, &table, key).unwrap_or_else(|| in_decimals(of_all.unwrap_or_default(), decimals))
        };
        let rounding_limit = own("rounding_limit", totals.map(|totals| totals.rounding_limit));
        let vat_limit = own("vat_limit", totals.map(|totals| totals.vat_limit));
        currencies.insert(code.to_owned(), Currency { decimals, exchange_rate, rounding_limit, vat_limit });
    }
    if currencies.is_empty() {
        reader.wrong(root, "currency", "no currency is allowed: add a table such as [currency.NOK]");
    }
    currencies
}

/// A limit that is not negative.
fn limit<'t>(reader: &mut Reader<'t>, table: &Table<'t>, key: &str) -> Option<Decimal> {
    let limit = reader.number(table, key)?;
    if limit < Decimal::ZERO {
        reader.wrong(table, key, "a limit cannot be negative");
    }
    Some(limit)
}

/// A limit for currencies of two decimals in another one's: as many units of its last decimal. 0.50 is 50 JPY.
fn in_decimals(limit: Decimal, decimals: u32) -> Decimal {
    let units = limit.checked_mul(Decimal::ONE_HUNDRED);
    units.and_then(|units| units.checked_mul(Decimal::new(1, decimals))).unwrap_or(limit).normalize()
}

fn payment<'t>(reader: &mut Reader<'t>, root: &Table<'t>) -> Option<Payment> {
    let table = reader.table(root, "payment");
    reader.known_keys(&table, &["methods", "others"]);
    let texts = reader.texts(&table, "methods");
    let methods = rule::patterns_of(reader, &table, "methods", &texts).unwrap_or_default();
    let others = reader.choice(&table, "others", &[("refuse", false), ("accept", true)]);
    let accept_others = others.unwrap_or(false);
    if methods.is_empty() && !accept_others {
        reader.wrong(&table, "methods", "no payment method is known, so every order would be refused");
    }
    let questions = texts.into_iter().filter(|text| text.starts_with(QUESTION)).collect();
    Some(Payment { methods, questions, accept_others })
}

fn invoice<'t>(reader: &mut Reader<'t>, root: &Table<'t>) -> Option<InvoiceSettings> {
    let table = reader.table(root, "invoice");
    reader.known_keys(&table, &["reference_prefix", "hold", "discount", "closed_period"]);
    let reference_prefix = reader.required_text(&table, "reference_prefix");
    let hold = reader.flag(&table, "hold").unwrap_or(true);
    let choices = [("net", Discount::Net), ("line", Discount::Line), ("outside_vat", Discount::OutsideVat)];
    let discount = reader.choice(&table, "discount", &choices).unwrap_or(Discount::Net);
    let choices = [("refuse", ClosedPeriod::Refuse), ("next_open", ClosedPeriod::NextOpen)];
    let closed_period = reader.choice(&table, "closed_period", &choices).unwrap_or(ClosedPeriod::Refuse);
    Some(InvoiceSettings { reference_prefix: reference_prefix?, hold, discount, closed_period })
}

/// The parts of a customer by their names in the file.
const FIELDS: [(&str, Field); 10] = [
    ("name", Field::Name),
    ("address", Field::Address),
    ("contact_name", Field::ContactName),
    ("email", Field::Email),
    ("phone", Field::Phone),
    ("corporate_id", Field::CorporateId),
    ("vat_number", Field::VatNumber),
    ("terms", Field::Terms),
    ("class", Field::Class),
    ("vat_zone", Field::VatZone),
];

/// Where a customer's name comes from, by the words of the file; in this order unless the file says another.
const NAMES: [(&str, NameOf); 3] =
    [("company", NameOf::Company), ("account", NameOf::Account), ("billing", NameOf::Billing)];

/// Fields that the shop owns unless the file says otherwise: all that the buyer typed in the shop. The company owns
/// what it decides about a customer itself: terms, class, VAT zone.
const OWNED: [Field; 7] =
    [Field::Name, Field::Address, Field::ContactName, Field::Email, Field::Phone, Field::CorporateId, Field::VatNumber];

fn customers<'t>(reader: &mut Reader<'t>, root: &Table<'t>) -> Option<Customers> {
    let table = reader.table(root, "customer");
    reader.known_keys(&table, &["guests", "collective_number", "create", "owned", "name"]);
    let guests = guests(reader, &table);
    let create = reader.choice(&table, "create", &[("registered", true), ("with_order", false)]);
    let owned = match table.get("owned") {
        Some(_) => reader.choices(&table, "owned", &FIELDS),
        None => OWNED.to_vec(),
    };
    let name = match table.get("name") {
        Some(_) => reader.choices(&table, "name", &NAMES),
        None => NAMES.map(|(_, name)| name).to_vec(),
    };
    if name.is_empty() && table.get("name").is_some() {
        reader.wrong(&table, "name", "a customer needs a name: at least one of company, account, billing");
    }
    Some(Customers { guests: guests?, create_registered: create.unwrap_or(true), owned, name })
}

fn guests<'t>(reader: &mut Reader<'t>, table: &Table<'t>) -> Option<Guests> {
    let collective = reader.choice(table, "guests", &[("each", false), ("collective", true)]).unwrap_or(false);
    let number = reader.text(table, "collective_number");
    match (collective, number) {
        (true, Some(number)) => Some(Guests::Collective(number)),
        (true, None) => {
            reader.wrong(table, "collective_number", "the Visma customer that all guests are booked on is missing");
            None
        }
        (false, None) => Some(Guests::Each),
        (false, Some(_)) => {
            reader.wrong(table, "collective_number", "this key has a meaning only with guests = \"collective\"");
            None
        }
    }
}

fn totals<'t>(reader: &mut Reader<'t>, root: &Table<'t>) -> Option<Totals> {
    let table = reader.table(root, "totals");
    reader.known_keys(&table, &["vat_on", "pin_vat", "rounding_limit", "vat_limit"]);
    let vat_on = reader.choice(&table, "vat_on", &[("document", VatOn::Document), ("line", VatOn::Line)]);
    reader.required(&table, "pin_vat");
    let pin_vat = reader.flag_or(&table, "pin_vat", "try").map(|flag| match flag {
        Some(true) => PinVat::Always,
        Some(false) => PinVat::Never,
        None => PinVat::Try,
    });
    reader.required(&table, "rounding_limit");
    let [rounding_limit, vat_limit] = ["rounding_limit", "vat_limit"].map(|key| limit(reader, &table, key));
    Some(Totals {
        vat_on: vat_on.unwrap_or(VatOn::Document),
        pin_vat: pin_vat?,
        rounding_limit: rounding_limit?,
        vat_limit: vat_limit.unwrap_or(VAT_LIMIT),
    })
}

fn stores<'t>(reader: &mut Reader<'t>, root: &Table<'t>) -> Vec<Store> {
    let mut stores = Vec::new();
    for table in reader.tables(root, "store") {
        reader.known_keys(&table, &["id", "code", "website"]);
        reader.required(&table, "id");
        let id = reader.id(&table, "id");
        let code = reader.required_text(&table, "code");
        let website = reader.id(&table, "website");
        if let (Some(id), Some(code)) = (id, code) {
            stores.push((table, Store { id, code, website }));
        }
    }
    check::stores(reader, &stores);
    stores.into_iter().map(|(_, store)| store).collect()
}
