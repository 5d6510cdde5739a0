//! A first mapping file, of what the two systems hold and of what the shop sold of late.
//!
//! It states what is a fact (stores, currencies, segments, the rates that the shop charges) and asks the rest: a value
//! that begins with `?` names nothing in Visma, is refused by `mapping check`, and stands beside what could be its
//! answer. Nothing that decides where money is booked is chosen here. A kind of line that the shop had is asked about;
//! one that it never had stands there as a comment.

mod choices;
mod entries;
mod lines;
mod lists;
mod rates;
mod tax_codes;

use std::fmt::Write as _;

use rust_decimal::Decimal;

use crate::file::{DEFAULT, Mapping, VAT_LIMIT};
use crate::rules::Rules;
use crate::seen::Seen;
use crate::survey::{Books, Shop, Survey};
use lists::quoted;

/// The part of the file that is the same for everybody, after the payment methods.
const DOCUMENTS: &str = r#"
# --- Documents -------------------------------------------------------------------------------------------------------
[invoice]
reference_prefix = "WEB-"      # our reference in Visma: this and the order number. Another one for each connection.
hold = true                    # true: on hold until somebody takes it off. false: balanced. Neither is posted.
discount = "net"               # "net": item lines are net of discount. "line": before discount, with discount lines.

[customer]
guests = "each"                # "each": one customer per e-mail. "collective": all on one, collective_number = "…"
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

/// Material that a file is made of: what there is, what was sold, and what the file before this one knows already.
struct Ground<'a> {
    books: &'a Books,
    shop: &'a Shop,
    seen: Seen,
    /// The file before this one; none of its rules stand in a first one.
    old: Option<&'a Mapping>,
}

/// Writes the file. `time_zone` is taken where the shop does not tell one.
#[must_use]
pub fn first(survey: &Survey, time_zone: &str) -> String {
    let Survey { books, shop } = survey;
    let seen = blank(shop).map(|blank| Seen::of(shop, &blank)).unwrap_or_default();
    let ground = Ground { books, shop, seen, old: None };
    let mut file = String::from(
        "# A first mapping, of what Visma and Commerce hold. Every value that begins with \"?\" is a question: replace it by\n\
         # one of the answers beside it, or by another that Visma holds. `ml-connector mapping check` says what is left.\n\
         # What each key means, and what else there is, shows `ml-connector mapping default`.\n",
    );
    let (orders, memos) = (ground.seen.orders, ground.seen.credit_memos);
    add(&mut file, format_args!("# The shop's latest {orders} orders and {memos} credit memos were looked at.\n"));
    file += "\nversion = \"1\"\n";
    company(&mut file, books, shop, time_zone);
    headed(&mut file, "Currencies", "The currencies of the stores. Orders in any other currency are refused.");
    file += &entries::currencies(&ground);
    headed(
        &mut file,
        "Payment methods",
        "The methods of the latest orders. An order with another method is refused, so that you see a new method.",
    );
    payment(&mut file, &ground);
    file += DOCUMENTS;
    totals(&mut file, books, &ground.seen);
    headed(&mut file, "Stores", "Rules name a store by its code. Orders of stores that are not listed are refused.");
    file += &entries::stores(&ground);
    headed(
        &mut file,
        "Accounts",
        "The first rule decides whose conditions all match. The accounts in Visma are listed at the end of this file.",
    );
    file += &lines::accounts(&ground);
    file += &lines::commented(&ground);
    file += "\n# What is sold. Put rules with conditions (tax_rate, country, sku, store, product_type) before this one.\n\
             [[account]]\naccount = \"? sales\"\n";
    headed(
        &mut file,
        "VAT",
        "The rates that the shop charges in a country, and the VAT id of Visma that computes each. Rules come before tables.",
    );
    file += &tax_codes::rules(&ground);
    file += &lines::vat(&ground);
    file += &rates::tables(&ground);
    headed(
        &mut file,
        "Dimensions",
        "Visma accepts all segments of a subaccount or none. Without any rule here it uses its own default.",
    );
    file += &choices::dimensions(&ground);
    headed(
        &mut file,
        "VAT zones",
        "The zone of a customer and of a document, by the country of the delivery. Visma refuses VAT ids that are not in it.",
    );
    file += &choices::zones(&ground);
    choices::left(&mut file, &ground);
    file += fees();
    file += SALES_ORDERS;
    lists::appendix(&mut file, books, shop);
    file
}

/// Writes the pieces that a file lacks, of what the two systems hold and the shop sold, with the questions that come
/// with them. Empty when it lacks nothing. The accountant's own text is not touched: the pieces are to be put into it.
#[must_use]
pub fn additions(survey: &Survey, old: &Mapping) -> String {
    let Survey { books, shop } = survey;
    let ground = Ground { books, shop, seen: Seen::of(shop, old), old: Some(old) };
    let methods: Vec<String> = entries::methods(&ground).iter().map(|method| quoted(method)).collect();
    let methods = match methods.is_empty() {
        true => String::new(),
        false => format!("# To the list payment.methods: {}\n", methods.join(", ")),
    };
    let pieces = [
        entries::currencies(&ground),
        methods,
        entries::stores(&ground),
        lines::accounts(&ground),
        tax_codes::rules(&ground),
        lines::vat(&ground),
        rates::tables(&ground),
        choices::dimensions(&ground),
        choices::zones(&ground),
    ];
    let pieces: Vec<&str> = pieces.iter().map(|piece| piece.trim()).filter(|piece| !piece.is_empty()).collect();
    if pieces.is_empty() { String::new() } else { pieces.join("\n\n") + "\n" }
}

/// A file without rules: what the shop sold is taken apart by it.
fn blank(shop: &Shop) -> Option<Mapping> {
    let mut blank = Mapping::parse(DEFAULT).ok()?;
    blank.accounts = Rules::default();
    blank.vat = Rules::default();
    let codes = tax_codes::of(shop);
    if !codes.is_empty() {
        blank.tax_codes = codes.iter().filter_map(|(country, codes)| tax_codes::rule(country, codes)).collect();
    }
    Some(blank)
}

/// The rules about fees of payment modules, as the default file has them: those whose field is not there do nothing.
fn fees() -> &'static str {
    let from = DEFAULT.find("\n# --- Fees of payment modules").and_then(|at| DEFAULT.get(at..));
    let section = from.unwrap_or_default();
    let end = section.match_indices("\n# --- ").nth(1).map_or(section.len(), |(end, _)| end);
    section.get(..end).unwrap_or_default()
}

/// Adds lines; a `String` takes everything.
fn add(file: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = file.write_fmt(text);
}

/// Begins a section.
fn headed(file: &mut String, title: &str, about: &str) {
    add(file, format_args!("\n# --- {title} {}\n# {about}\n", "-".repeat(112_usize.saturating_sub(title.len()))));
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

fn payment(file: &mut String, ground: &Ground<'_>) {
    *file += "[payment]\n";
    let methods: Vec<String> = entries::methods(ground).iter().map(|method| quoted(method)).collect();
    match methods.is_empty() {
        true => {
            *file +=
                "methods = [\"?\"]                # there were no orders to read them off: name those of the shop\n";
        }
        false => add(file, format_args!("methods = [{}]\n", methods.join(", "))),
    }
    *file += "others = \"refuse\"              # \"accept\" books orders that are paid by any other method, too\n";
}

fn totals(file: &mut String, books: &Books, seen: &Seen) {
    headed(
        file,
        "Totals",
        "Look at an invoice in your company: does Visma round VAT once per VAT code (\"document\") or on each \"line\"?",
    );
    *file += "[totals]\nvat_on = \"document\"\n";
    *file += match books.keeps_pins {
        Some(true) => "pin_vat = true                 # VAT per code is set to what the shop charged: Visma keeps it\n",
        Some(false) => {
            "pin_vat = false                # Visma's own computation is used: it does not keep VAT that is set\n"
        }
        None => {
            "pin_vat = \"try\"                # VAT is set to what the shop charged where that is within vat_limit of Visma's own\n\
             # computation. The first such document that is verified shows whether Visma keeps it: then `ml-connector\n\
             # mapping check` says whether to write true or false here.\n"
        }
    };
    *file += "rounding_limit = 0.50          # largest rounding line; above it the order is refused\n";
    let gap = seen.vat_gap;
    let limit = vat_limit(gap);
    if limit > VAT_LIMIT {
        add(
            file,
            format_args!("# The shop's own rounding is up to {gap} from base × rate: it taxes each piece, say.\n"),
        );
    }
    let what = "largest difference of the VAT of a VAT id; above it the order is refused";
    add(file, format_args!("vat_limit = {limit}               # {what}\n"));
}

/// The usual limit, or the next step of five hundredths that the shop's own rounding stays within.
fn vat_limit(gap: Decimal) -> Decimal {
    let steps = gap.checked_div(VAT_LIMIT).unwrap_or_default().ceil().max(Decimal::ONE);
    (VAT_LIMIT * steps).round_dp(2)
}

#[cfg(test)]
mod tests;
