//! The rights of an integration: Commerce names them by an id, the Admin shows them as a tree.

/// Each right that the program uses: its id in Commerce's answers, its place in the Admin's tree, and its use.
///
/// Source: `etc/acl.xml` and `etc/webapi.xml` of the modules Sales, Customer, Tax and Backend, 2.4.
pub const RIGHTS: [(&str, &str, &str); 9] = [
    ("Magento_Sales::actions_view", "Sales > Operations > Orders > Actions > View", "to read orders"),
    ("Magento_Sales::comment", "Sales > Operations > Orders > Actions > Comment", "to comment on orders"),
    ("Magento_Sales::sales_invoice", "Sales > Operations > Invoices", "to read invoices and payments"),
    ("Magento_Sales::sales_creditmemo", "Sales > Operations > Credit Memos", "to read credit memos"),
    ("Magento_Customer::customer", "Customers", "to read customers"),
    ("Magento_Backend::store", "Stores > Settings > All Stores", "to read store views and their currencies"),
    ("Magento_Tax::manage_tax", "Stores > Taxes", "to read tax rates for the mapping file"),
    ("Magento_Customer::group", "Customers > Customer Groups", "to read customer groups for the mapping file"),
    (
        "Magento_Sales::create",
        "Sales > Operations > Orders > Actions > Create",
        "to fill comments.supplier_invoices_attribute, if that is set",
    ),
];

/// The place in the Admin's tree of the right that an answer names.
pub(super) fn in_admin(message: &str) -> Option<&'static str> {
    let names =
        |id: &str| message.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))).any(|w| w == id);
    RIGHTS.iter().find(|(id, ..)| names(id)).map(|(_, place, _)| *place)
}

#[cfg(test)]
mod tests {
    use super::in_admin;

    #[test]
    fn a_right_is_found_by_the_whole_of_its_id() {
        let message = |id: &str| format!("The consumer isn't authorized to access {id}.");
        assert_eq!(in_admin(&message("Magento_Tax::manage_tax")), Some("Stores > Taxes"));
        assert_eq!(in_admin(&message("Magento_Customer::customer_other")), None);
        assert_eq!(in_admin("%resources"), None);
    }
}
