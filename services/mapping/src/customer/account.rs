//! The walk of one registered customer: the fields that the shop owns, kept up to date in Visma.

use commerce::customer::Customer as Account;
use problem::Code;
use visma::customer::Customer;

use super::party::{Party, address, filled};
use crate::date;
use crate::decision::{CustomerCommand, CustomerKey, CustomerUpdate, Decision, Field, Refusal};
use crate::file::Mapping;
use crate::judge::{self, Called};
use crate::refusal::{reason, refuse};
use crate::rules::{Facts, Rules};
use crate::scope::Scope;

/// Fields that several persons of one company share. The others are each person's own, and would change with whoever
/// came last.
const OF_COMPANIES: [Field; 7] =
    [Field::Name, Field::Address, Field::CorporateId, Field::VatNumber, Field::Terms, Field::Class, Field::VatZone];

/// Decides what one registered customer shall become in Visma. Guests have no record in the shop: they come with their
/// orders.
///
/// `earlier` is the version of it that was decided on before, if there was one: what that had and this has not any more
/// is emptied, and it shows that the account has changed whatever `updated_at` says, which an edit of the address book
/// does not move.
///
/// An account made before the go-live date is never created, only kept up to date; one without an address waits.
///
/// # Errors
/// When it cannot be told whose website it is, or it has no e-mail.
pub fn customer(
    account: &Account,
    earlier: Option<&Account>,
    mapping: &Mapping,
    scope: &Scope,
) -> Result<Decision<CustomerUpdate>, Refusal> {
    let called = || Called(format!("Customer {}", account.id));
    if let Some(reason) = judge::elsewhere(account.store_id, account.website_id, called(), mapping, scope)? {
        return Ok(Decision::Skip { reason });
    }
    let before = |time: &Option<String>| {
        let time = date::optional(time.as_deref(), mapping);
        scope.go_live.is_some_and(|go_live| time.is_none_or(|time| time < go_live))
    };
    if before(&account.updated_at) && earlier.is_none() {
        let sentence = format!("Customer {} has not changed since the go-live date.", account.id);
        return Ok(Decision::Skip { reason: reason(Code::BeforeGoLive, sentence) });
    }
    let country = address(account).and_then(|address| filled(address.country_id.as_deref()));
    let existing_only = before(&account.created_at) || !mapping.customers.create_registered;
    if country.is_none() && !existing_only {
        let sentence = format!("Customer {} has no address yet, and thus has bought nothing.", account.id);
        return Ok(Decision::Wait { reason: reason(Code::CustomerWaits, sentence) });
    }
    let email = filled(Some(&account.email)).ok_or_else(|| {
        refuse(Code::NoEmail, format!("Customer {} has no e-mail, so it cannot be told from others.", account.id))
    })?;
    let facts = facts(account, mapping, country.unwrap_or_default());
    let value = |rules: &Rules<String>| rules.find(&facts).cloned();
    let names = &mapping.customers.name;
    let party = Party::of_account(account, email);
    let mut customer = Customer {
        class: value(&mapping.customer_classes),
        credit_terms: value(&mapping.terms),
        vat_zone: value(&mapping.vat_zones),
        ..party.customer(names)
    };
    if let Some(earlier) = earlier {
        empty(&mut customer, &Party::of_account(earlier, email).customer(names), party.has_number());
    }
    let owned = owned(account, mapping, &customer, party.has_company());
    if owned.is_empty() && existing_only {
        let sentence =
            format!("Customer {} is not created from the account, and nothing of it is the shop's.", account.id);
        return Ok(Decision::Skip { reason: reason(Code::CustomerWaits, sentence) });
    }
    let command = CustomerCommand { key: CustomerKey::Registered(account.id), customer };
    Ok(Decision::Book(Box::new(CustomerUpdate { command, owned, existing_only })))
}

/// Returns the facts that a rule about customers may ask for. An account has no currency and no way to pay.
fn facts<'a>(account: &Account, mapping: &'a Mapping, country: &'a str) -> Facts<'a> {
    let store = account.store_id.and_then(|id| mapping.store(id));
    Facts {
        store: store.map(|store| store.code.as_str()),
        website: account.website_id.or(store.and_then(|store| store.website)),
        customer_group: account.group_id,
        country,
        ..Facts::default()
    }
}

/// Marks what the account had and has not any more, by a text that is empty. What it never had may be an accountant's;
/// and a number that was typed and is none may be a slip of the pen, which takes nothing away.
fn empty(customer: &mut Customer, earlier: &Customer, has_number: bool) {
    let gone = |now: &mut Option<String>, earlier: &Option<String>| {
        if now.is_none() && earlier.is_some() {
            *now = Some(String::new());
        }
    };
    gone(&mut customer.contact.phone, &earlier.contact.phone);
    if !has_number {
        gone(&mut customer.corporate_id, &earlier.corporate_id);
        gone(&mut customer.vat_registration_id, &earlier.vat_registration_id);
    }
}

/// The fields that the shop owns and the account fills or has emptied: one that it never had says nothing, and takes
/// nothing away.
///
/// A member of a company account (B2B) whose address does not name the company has no name for it.
fn owned(account: &Account, mapping: &Mapping, customer: &Customer, names_company: bool) -> Vec<Field> {
    let says = |field: &Field| match field {
        Field::Name => account.company_id().is_none() || names_company,
        Field::ContactName | Field::Email => true,
        Field::Address => !customer.address.country.is_empty(),
        Field::Phone => customer.contact.phone.is_some(),
        Field::CorporateId => customer.corporate_id.is_some(),
        Field::VatNumber => customer.vat_registration_id.is_some(),
        Field::Terms => customer.credit_terms.is_some(),
        Field::Class => customer.class.is_some(),
        Field::VatZone => customer.vat_zone.is_some(),
    };
    let shared = |field: &Field| account.company_id().is_none() || OF_COMPANIES.contains(field);
    mapping.customers.owned.iter().copied().filter(says).filter(shared).collect()
}
