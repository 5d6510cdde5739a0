//! Creating and changing a payment.

use rust_decimal::Decimal;
use serde_json::Value;

use super::{Direction, Payment};
use crate::visma::audit::Entity;
use crate::visma::books::{Books, Stamps};
use crate::visma::document::applications::{self, Settler};
use crate::visma::document::{Status, open_period};
use crate::visma::dto::Dto;
use crate::visma::release;
use crate::visma::reply::VismaRefusal;

const CREATING: &str = "creating payment";
const UPDATING: &str = "updating payment";

/// Looks at a payment that shall be created; it has no number yet.
///
/// # Errors
/// Says what is wrong with it, in the manner of the vendor's sentences.
pub(in crate::visma) fn prepare_new(books: &Books, body: &Value) -> Result<Payment, VismaRefusal> {
    let dto = Dto::of(body).ok_or(VismaRefusal::Invalid("The request is invalid.".to_owned()))?;
    let Some(customer) = dto.text("customer") else {
        return Err(VismaRefusal::document(CREATING, "'Customer' cannot be empty."));
    };
    let customer =
        books.customers.get(customer).ok_or_else(|| VismaRefusal::unknown(CREATING, "CustomerID", customer))?;
    let direction = match dto.text("type") {
        None | Some("Payment") => Direction::Payment,
        Some("Refund") => Direction::Refund,
        Some(other) => {
            return Err(VismaRefusal::document(CREATING, format_args!("The type '{other}' cannot be entered.")));
        }
    };
    let branch = books.config.chart.branches.first().map(|branch| branch.number.clone());
    let mut payment = Payment {
        id: 0,
        number: String::new(),
        direction,
        status: if books.config.hold_by_default { Status::Hold } else { Status::Balanced },
        date: books.today(),
        period: String::new(),
        payment_ref: None,
        customer: customer.number.clone(),
        customer_name: customer.name.clone(),
        method: customer.payment_method.clone(),
        cash_account: String::new(),
        currency: customer.currency.clone(),
        amount: Decimal::ZERO,
        text: None,
        branch: branch.unwrap_or_default(),
        applications: Vec::new(),
        releasing: false,
        stamps: Stamps::unwritten(),
    };
    change(books, &mut payment, dto, CREATING)?;
    Ok(payment)
}

/// Writes a new payment and gives its number.
pub(in crate::visma) fn create(books: &mut Books, mut payment: Payment) -> String {
    payment.number = books.next_payment_number();
    payment.id = books.next_id();
    payment.stamps = books.first_stamps();
    let number = payment.number.clone();
    books.payments.insert(number.clone(), payment);
    number
}

/// Looks at a change of a payment.
///
/// # Errors
/// Says what is wrong with it; [`VismaRefusal::NotFound`] and [`VismaRefusal::Stale`] too.
pub(in crate::visma) fn prepare_change(
    books: &Books,
    number: &str,
    if_match: Option<&str>,
    body: &Value,
) -> Result<Payment, VismaRefusal> {
    let before = books.payments.get(number).ok_or(VismaRefusal::NotFound)?;
    before.stamps.match_header(if_match)?;
    release::unreleased("Payment", before.status, before.releasing, "updated")?;
    let dto = Dto::of(body).ok_or(VismaRefusal::Invalid("The request is invalid.".to_owned()))?;
    let mut after = before.clone();
    change(books, &mut after, dto, UPDATING)?;
    Ok(after)
}

/// Writes a changed payment and gives its `timeStamp`.
pub(in crate::visma) fn update(books: &mut Books, mut after: Payment) -> String {
    after.stamps = books.next_stamps(&after.stamps);
    let time_stamp = after.stamps.time_stamp();
    books.payments.insert(after.number.clone(), after);
    time_stamp
}

fn change(books: &Books, into: &mut Payment, dto: Dto<'_>, verb: &'static str) -> Result<(), VismaRefusal> {
    dto.put("paymentRef", &mut into.payment_ref);
    dto.put("invoiceText", &mut into.text);
    if into.payment_ref.as_deref().is_none_or(str::is_empty) {
        return Err(VismaRefusal::document(verb, "'Payment Ref.' cannot be empty."));
    }
    if let Some(hold) = dto.flag("hold") {
        into.status = if hold { Status::Hold } else { Status::Balanced };
    }
    if let Some(branch) = dto.text("branch") {
        books.config.chart.branch(branch).ok_or_else(|| VismaRefusal::unknown(verb, "BranchID", branch))?;
        branch.clone_into(&mut into.branch);
    }
    change_account(books, into, dto, verb)?;
    let date = dto.date("applicationDate");
    into.date = date.unwrap_or(into.date);
    if let Some(period) = dto.text("applicationPeriod") {
        period.clone_into(&mut into.period);
    } else if date.is_some() || into.period.is_empty() {
        into.period = into.date.strftime("%Y%m").to_string();
    }
    open_period(books, &into.period, verb)?;

    into.amount = dto.decimal("paymentAmount").unwrap_or(into.amount);
    if let Some(lines) = dto.list("paymentLines") {
        let settler = Settler {
            entity: Entity::Payment,
            number: &into.number,
            customer: &into.customer,
            currency: &into.currency,
            targets: into.direction.targets(),
        };
        applications::change(books, settler, &mut into.applications, lines, verb)?;
    }
    in_balance(into, verb)
}

/// A refund is applied in full; a payment can keep a rest.
fn in_balance(payment: &Payment, verb: &'static str) -> Result<(), VismaRefusal> {
    if payment.amount <= Decimal::ZERO {
        return Err(VismaRefusal::document(verb, "'Payment Amount' must be greater than zero."));
    }
    let available = payment.available();
    let in_balance = match payment.direction {
        Direction::Payment => available >= Decimal::ZERO,
        Direction::Refund => available.is_zero(),
    };
    if in_balance || payment.status == Status::Hold {
        return Ok(());
    }
    let (applied, amount) = (payment.applied(), payment.amount);
    let sentence = format!("The document is out of balance: '{applied}' is applied and the amount is '{amount}'.");
    Err(VismaRefusal::document(verb, sentence))
}

fn change_account(books: &Books, into: &mut Payment, dto: Dto<'_>, verb: &'static str) -> Result<(), VismaRefusal> {
    let chart = &books.config.chart;
    if let Some(method) = dto.text("paymentMethod") {
        method.clone_into(&mut into.method);
    }
    let method = &into.method;
    if !chart.payment_method(method).is_some_and(|method| method.active) {
        return Err(VismaRefusal::unknown(verb, "PaymentMethodID", method));
    }
    if let Some(account) = dto.text("cashAccount") {
        account.clone_into(&mut into.cash_account);
    }
    if into.cash_account.is_empty() {
        return Err(VismaRefusal::document(verb, "'Cash Account' cannot be empty."));
    }
    let account = chart.cash_accounts.iter().find(|account| account.number == into.cash_account);
    let account = account.filter(|account| account.methods.is_empty() || account.methods.contains(method));
    let account = account.ok_or_else(|| VismaRefusal::unknown(verb, "CashAccountID", &into.cash_account))?;

    if let Some(currency) = dto.text("currency") {
        chart.currency(currency).ok_or_else(|| VismaRefusal::unknown(verb, "CuryID", currency))?;
        currency.clone_into(&mut into.currency);
    }
    match &account.currency {
        Some(own) if *own != into.currency => {
            let sentence = format!("The currency of the cash account '{}' is '{own}'.", account.number);
            Err(VismaRefusal::document(verb, sentence))
        }
        _ => Ok(()),
    }
}
