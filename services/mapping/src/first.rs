//! A first mapping file, of what the two systems hold.
//!
//! It states what is a fact (stores, currencies, segments, the rates that the shop charges) and asks the rest: a value
//! that begins with `?` names nothing in Visma, is refused by `mapping check`, and stands beside what could be its
//! answer. Nothing that decides where money is booked is chosen here.

mod lists;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use rust_decimal::Decimal;

use crate::survey::{Books, Currency, Segment, Shop, Survey, Vat};
use lists::{listed, quoted};

/// The part of the file that is the same for everybody, after the payment methods.
const DOCUMENTS: &str = r#"
# --- Documents -------------------------------------------------------------------------------------------------------
[invoice]
reference_prefix = "WEB-"      # our reference in Visma: this and the order number. Another one for each connection.
hold = true                    # true: on hold until somebody takes it off. false: balanced. Neither is posted.
discount = "net"               # "net": item lines are net of discount. "line": before discount, with discount lines.

[customer]
guests = "each"                # "each": one customer per e-mail. "collective": all on one, collective_number = "…"

# --- Totals ----------------------------------------------------------------------------------------------------------
# Look at an invoice in your company: does Visma round VAT once per VAT code ("document") or on each "line"?
[totals]
vat_on = "document"
pin_vat = true                 # VAT per code is set to what the shop charged
rounding_limit = 0.50          # largest rounding line; above it the order is refused
"#;

/// Which orders purchase orders serve: as in the default file.
const SALES_ORDERS: &str = r##"
# --- Purchase orders -------------------------------------------------------------------------------------------------
# Which order of the shop a purchase order in Visma serves; the first rule that finds something decides.
[[sales_order]]
field = "supplierRef"
pattern = '^#?([0-9]{9,}(?:-[0-9]+)?)$'

[[sales_order]]
field = "note"
pattern = '(?:#|WEB-)([0-9]{9,}(?:-[0-9]+)?)\b'
"##;

/// Lines without VAT, and what a document needs an account for besides what is sold.
const KINDS: [(&str, &str); 8] = [
    ("gift_card", "paid with a gift card: the liability goes down"),
    ("store_credit", "paid with store credit"),
    ("reward", "paid with reward points"),
    ("fee", "a fee that an app put on the order"),
    ("gift_wrap", "gift wrap"),
    ("fpt", "fixed product tax"),
    ("adjustment_refund", "refunded beyond what was sold"),
    ("adjustment_fee", "kept back of a refund"),
];

/// Writes the file. `time_zone` is taken where the shop does not tell one.
#[must_use]
pub fn first(survey: &Survey, time_zone: &str) -> String {
    let Survey { books, shop } = survey;
    let mut file = String::from(
        "# A first mapping, of what Visma and Commerce hold. Every value that begins with \"?\" is a question: replace it by\n\
         # one of the answers beside it, or by another that Visma holds. `ml-connector mapping check` says what is left.\n\
         # What each key means, and what else there is, shows `ml-connector mapping default`.\n\nversion = \"1\"\n",
    );
    company(&mut file, books, shop, time_zone);
    currencies(&mut file, books, shop);
    payment(&mut file, shop);
    file += DOCUMENTS;
    stores(&mut file, shop);
    accounts(&mut file);
    vat(&mut file, books, shop);
    dimensions(&mut file, books);
    choices(&mut file, books, shop);
    file += fees();
    file += SALES_ORDERS;
    lists::appendix(&mut file, books, shop);
    file
}

/// The rules about fees of payment modules, as the default file has them: those whose field is not there do nothing.
fn fees() -> &'static str {
    let from = crate::DEFAULT.find("\n# --- Fees of payment modules").and_then(|at| crate::DEFAULT.get(at..));
    let section = from.unwrap_or_default();
    let end = section.match_indices("\n# --- ").nth(1).map_or(section.len(), |(end, _)| end);
    section.get(..end).unwrap_or_default()
}

/// Adds lines; a `String` takes everything.
fn add(file: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = file.write_fmt(text);
}

fn company(file: &mut String, books: &Books, shop: &Shop, time_zone: &str) {
    let base =
        books.currencies.iter().flatten().find(|currency| currency.is_base).map(|currency| currency.code.clone());
    let told = shop.stores.iter().flatten().find_map(|store| store.time_zone.clone());
    let (base, told) = (base.as_deref().unwrap_or("?"), told.as_deref().unwrap_or(time_zone));
    add(
        file,
        format_args!("\n[company]\nbase_currency = {}          # currency of the books, as Visma says\n", quoted(base)),
    );
    add(file, format_args!("time_zone = {}      # decides the document date; the first store's\n", quoted(told)));
}

fn currencies(file: &mut String, books: &Books, shop: &Shop) {
    *file += "\n# --- Currencies ------------------------------------------------------------------------------------------------------\n\
              # Those that the stores sell in. Orders in any other are refused.\n";
    let sold: BTreeSet<&String> = shop.stores.iter().flatten().filter_map(|store| store.currency.as_ref()).collect();
    let known: BTreeMap<&String, &Currency> = books.currencies.iter().flatten().map(|c| (&c.code, c)).collect();
    let base = books.currencies.iter().flatten().find(|currency| currency.is_base).map(|currency| &currency.code);
    let wanted: BTreeSet<&String> = sold.into_iter().chain(base).collect();
    let is_code = |code: &str| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    for code in wanted.into_iter().filter(|code| is_code(code)) {
        match known.get(code) {
            Some(currency) => {
                add(file, format_args!("[currency.{code}]\n"));
                if let Some(decimals) = currency.decimals.filter(|decimals| *decimals != 2) {
                    add(file, format_args!("decimals = {decimals}\n"));
                }
            }
            None => add(
                file,
                format_args!("# [currency.{code}]    # a store sells in it, and Visma does not have it yet\n"),
            ),
        }
    }
    if known.is_empty() {
        *file += "[currency.XXX]    # ? which currencies do orders have\n";
    }
}

fn payment(file: &mut String, shop: &Shop) {
    *file += "\n# --- Payment methods -------------------------------------------------------------------------------------------------\n\
              # Those of the latest orders. An order that is paid by another one is refused, so that a new method is seen.\n\
              [payment]\n";
    let methods: Vec<String> = shop.payment_methods.iter().flatten().map(|method| quoted(method)).collect();
    match methods.is_empty() {
        true => {
            *file +=
                "methods = [\"?\"]                # there were no orders to read them off: name those of the shop\n"
        }
        false => add(file, format_args!("methods = [{}]\n", methods.join(", "))),
    }
    *file += "others = \"refuse\"              # \"accept\" books orders that are paid by any other method, too\n";
}

fn stores(file: &mut String, shop: &Shop) {
    *file += "\n# --- Stores ----------------------------------------------------------------------------------------------------------\n\
              # Rules may ask for a store by its code. Orders of stores that are not listed are refused.\n";
    for store in shop.stores.iter().flatten() {
        let (id, code, website) = (store.id, quoted(&store.code), store.website);
        add(file, format_args!("[[store]]\nid = {id}\ncode = {code}\nwebsite = {website}\n\n"));
    }
}

fn accounts(file: &mut String) {
    *file += "# --- Accounts --------------------------------------------------------------------------------------------------------\n\
              # The first rule whose conditions all hold decides. Accounts that Visma holds are listed at the end of this file.\n";
    for (kind, what) in
        [("rounding", "what closes the gap to the order's total"), ("shipping", "shipping and handling")]
    {
        let question = quoted(&format!("? {kind}"));
        add(file, format_args!("[[account]]\nwhen = {{ line = \"{kind}\" }}    # {what}\naccount = {question}\n\n"));
    }
    *file += "# Without a rule, orders that have such a line are refused. Take the # away where the shop has them:\n";
    for (kind, what) in KINDS {
        add(
            file,
            format_args!("#\n# [[account]]\n# when = {{ line = \"{kind}\" }}    # {what}\n# account = \"? {kind}\"\n"),
        );
    }
    *file += "\n# What is sold. Put rules with conditions (tax_rate, country, sku, store, product_type) before this one.\n\
              [[account]]\naccount = \"? sales\"\n";
}

fn vat(file: &mut String, books: &Books, shop: &Shop) {
    *file += "\n# --- VAT -------------------------------------------------------------------------------------------------------------\n\
              # One rule for each rate that the shop charges in a country. The rate is what the VAT id computes in Visma.\n";
    let kinds = "[\"item\", \"shipping\", \"discount\", \"fpt\", \"gift_wrap\", \"fee\"]";
    let rates: BTreeSet<(&String, Decimal)> =
        shop.tax_rates.iter().flatten().map(|rate| (&rate.country, rate.rate.normalize())).collect();
    let known: Vec<&Vat> = books.vat.iter().flatten().filter(|vat| vat.output && vat.entry.active).collect();
    let answers = |rate: Decimal| {
        let same = known.iter().filter(|vat| vat.rate == Some(rate)).map(|vat| &vat.entry);
        listed(same, "no VAT id computes this rate")
    };
    for (country, rate) in rates.iter().filter(|(_, rate)| !rate.is_zero()) {
        add(file, format_args!("\n[[vat]]    # {}\n", answers(*rate)));
        add(file, format_args!("when = {{ line = {kinds}, country = {}, tax_rate = {rate} }}\n", quoted(country)));
        add(file, format_args!("code = {}\nrate = {rate}\n", quoted(&format!("? {country} {rate}"))));
    }
    let none = answers(Decimal::ZERO);
    add(
        file,
        format_args!(
            "\n# Sold without tax: export, and what is exempt. Split it by country where the VAT ids differ.\n[[vat]]    # {none}\n"
        ),
    );
    add(file, format_args!("when = {{ line = {kinds}, tax_rate = 0 }}\ncode = \"? untaxed\"\nrate = 0\n"));
    add(
        file,
        format_args!(
            "\n# Lines outside of VAT: money that was taxed when it came in, and differences.\n[[vat]]    # {none}\n"
        ),
    );
    *file += "when = { line = [\"gift_card\", \"store_credit\", \"reward\", \"adjustment_refund\", \"adjustment_fee\", \"rounding\"] }\n\
              code = \"? outside\"\nrate = 0\n";
}

fn dimensions(file: &mut String, books: &Books) {
    *file += "\n# --- Dimensions ------------------------------------------------------------------------------------------------------\n\
              # Visma takes all segments of a subaccount or none. Without any rule here it takes its own default.\n";
    for Segment { number, name, values, .. } in books.segments.iter().flatten() {
        let usable: Vec<_> = values.iter().filter(|value| value.active).collect();
        let value = match usable.as_slice() {
            [only] => quoted(&only.key),
            _ => quoted(&format!("? segment {number}")),
        };
        let answers = listed(usable.into_iter(), "Visma lists no value");
        let name = lists::plain(name);
        add(file, format_args!("\n[[dimension]]    # {name}: {answers}\nsegment = {number}\nvalue = {value}\n"));
    }
}

/// What can be left to Visma stands there as comments.
fn choices(file: &mut String, books: &Books, shop: &Shop) {
    *file += "\n# --- What is left to Visma unless a rule stands here ------------------------------------------------------------------\n\
              # A rule may ask for store, website, customer_group, country, currency and payment_method.\n";
    let lists = [
        ("branch", "branch", &books.branches),
        ("customer_class", "class", &books.classes),
        ("terms", "terms", &books.terms),
        ("vat_zone", "zone", &books.vat_zones),
    ];
    for (list, key, known) in lists {
        let answers = listed(known.iter().flatten().filter(|entry| entry.active), "none could be read");
        add(file, format_args!("#\n# [[{list}]]    # {answers}\n# {key} = \"…\"\n"));
    }
    let methods = listed(books.payment_methods.iter().flatten().filter(|entry| entry.active), "none could be read");
    let accounts = listed(books.cash_accounts.iter().flatten().filter(|entry| entry.active), "none could be read");
    let paid = shop.payment_methods.iter().flatten().map(|method| quoted(method)).collect::<Vec<_>>().join(", ");
    add(
        file,
        format_args!(
            "#\n# [[payments]]    # settles in Visma what was paid by these methods\n# when = {{ payment_method = [{paid}] }}\n"
        ),
    );
    add(file, format_args!("# method = \"…\"    # {methods}\n# cash_account = \"…\"    # {accounts}\n"));
}

#[cfg(test)]
mod tests;
