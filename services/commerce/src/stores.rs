//! Websites and store views: an order names its store view only, while scope, base currency and books go by website.
//!
//! Both lists are small and whole: they have no pages. Id 0 is the admin panel.

use serde::Deserialize;

use crate::decode::{DecodeError, from_text};

/// A store view, the place where orders are placed; it fixes language and currency.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StoreView {
    /// Id, as an order's `store_id` says it.
    pub id: u64,
    /// Code, as it stands in addresses.
    pub code: String,
    /// The website that it belongs to.
    pub website_id: u64,
}

/// A website, which fixes base currency and customer accounts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Website {
    /// Id, as a store view's `website_id` says it.
    pub id: u64,
    /// Code.
    pub code: String,
}

impl StoreView {
    /// Decodes the body of `GET /V1/store/storeViews`.
    ///
    /// # Errors
    /// When it is no such list.
    pub fn decode_list(body: &[u8]) -> Result<Vec<Self>, DecodeError> {
        from_text(body)
    }
}

impl Website {
    /// Decodes the body of `GET /V1/store/websites`.
    ///
    /// # Errors
    /// When it is no such list.
    pub fn decode_list(body: &[u8]) -> Result<Vec<Self>, DecodeError> {
        from_text(body)
    }
}

#[cfg(test)]
mod tests {
    use super::{StoreView, Website};

    #[test]
    fn reads_both_lists() {
        let views = br#"[{"id":3,"code":"eur","name":"EUR","website_id":1,"store_group_id":1,"is_active":1}]"#;
        let wanted = StoreView { id: 3, code: "eur".into(), website_id: 1 };
        assert_eq!(StoreView::decode_list(views).expect("a list"), [wanted]);
        let websites = br#"[{"id":1,"code":"base","name":"Main","default_group_id":1},{"id":0,"code":"admin"}]"#;
        assert_eq!(Website::decode_list(websites).expect("a list").len(), 2);
        assert_eq!(StoreView::decode_list(br#"[{"id":1}]"#).expect_err("no view").path, "[0]");
    }
}
