//! # Rows in IndexedDB
//!
//! One object store; keys and values are bytes, which IndexedDB sorts as SQLite does. A batch is one transaction with
//! strict durability: when it is done, it is on the disk.

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use plaza_client::Change;
use plaza_client::store::{Row, Scan, Store};
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    IdbCursorDirection, IdbCursorWithValue, IdbDatabase, IdbFactory, IdbKeyRange, IdbObjectStore,
    IdbOpenDbRequest, IdbRequest, IdbTransaction,
};

const ROWS: &str = "rows";
const VERSION: u32 = 1;

/// IndexedDB failed: the disk is full, or the browser does not allow storage here.
#[derive(Debug, thiserror::Error)]
#[error("the browser's storage failed: {0}")]
pub(crate) struct IdbError(String);

impl From<JsValue> for IdbError {
    fn from(value: JsValue) -> Self {
        let text = value
            .dyn_ref::<web_sys::DomException>()
            .map(|error| format!("{}: {}", error.name(), error.message()));
        Self(text.or_else(|| value.as_string()).unwrap_or_else(|| "unknown".to_owned()))
    }
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct IdbStore {
    database: IdbDatabase,
}

impl IdbStore {
    pub(crate) async fn open(name: &str) -> Result<Self, IdbError> {
        let factory: IdbFactory = Reflect::get(&js_sys::global(), &JsValue::from_str("indexedDB"))?
            .dyn_into()
            .map_err(|_| IdbError("this browser has no IndexedDB, or does not allow it here".to_owned()))?;
        let request: IdbOpenDbRequest = factory.open_with_u32(name, VERSION)?;
        let upgrade = {
            let request = request.clone();
            Closure::once(move || {
                if let Ok(database) = request.result().and_then(|result| result.dyn_into::<IdbDatabase>()) {
                    // It is there already only if the browser lied about the version.
                    let _ = database.create_object_store(ROWS);
                }
            })
        };
        request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
        let database = done(&request).await?.dyn_into().map_err(IdbError::from)?;
        Ok(Self { database })
    }

    /// Opens a database and empties it.
    pub(crate) async fn open_empty(name: &str) -> Result<Self, IdbError> {
        let store = Self::open(name).await?;
        let (transaction, rows) = store.transaction("readwrite")?;
        rows.clear()?;
        committed(&transaction).await?;
        Ok(store)
    }

    fn transaction(&self, mode: &str) -> Result<(IdbTransaction, IdbObjectStore), IdbError> {
        // By name: the binding of `transaction` has no place for its options.
        let begin: Function =
            Reflect::get(&self.database, &JsValue::from_str("transaction"))?.unchecked_into();
        let options = Object::new();
        Reflect::set(&options, &JsValue::from_str("durability"), &JsValue::from_str("strict"))?;
        let transaction: IdbTransaction = begin
            .call3(&self.database, &JsValue::from_str(ROWS), &JsValue::from_str(mode), &options)?
            .unchecked_into();
        let rows = transaction.object_store(ROWS)?;
        Ok((transaction, rows))
    }
}

fn bytes(value: &JsValue) -> Vec<u8> {
    Uint8Array::new(value).to_vec()
}

fn array(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}

/// Waits for a request.
async fn done(request: &IdbRequest) -> Result<JsValue, IdbError> {
    let promise = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    match JsFuture::from(promise).await {
        Ok(_) => Ok(request.result()?),
        Err(_) => Err(request.error().ok().flatten().map_or_else(
            || IdbError("unknown".to_owned()),
            |error| IdbError(format!("{}: {}", error.name(), error.message())),
        )),
    }
}

/// Waits for a transaction to be on the disk.
async fn committed(transaction: &IdbTransaction) -> Result<(), IdbError> {
    let promise = Promise::new(&mut |resolve, reject| {
        transaction.set_oncomplete(Some(&resolve));
        transaction.set_onerror(Some(&reject));
        transaction.set_onabort(Some(&reject));
    });
    match JsFuture::from(promise).await {
        Ok(_) => Ok(()),
        Err(_) => Err(transaction.error().map_or_else(
            || IdbError("the transaction was aborted".to_owned()),
            |error| IdbError(format!("{}: {}", error.name(), error.message())),
        )),
    }
}

fn range_of(scan: &Scan) -> Result<JsValue, IdbError> {
    let range = match scan.bounds() {
        (from, Some(to)) => {
            IdbKeyRange::bound_with_lower_open_and_upper_open(&array(&from), &array(&to), false, true)?
        }
        (from, None) => IdbKeyRange::lower_bound(&array(&from))?,
    };
    Ok(range.into())
}

impl Store for IdbStore {
    type Error = IdbError;

    async fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IdbError> {
        let (_, rows) = self.transaction("readonly")?;
        let value = done(&rows.get(&array(key))?).await?;
        Ok((!value.is_undefined()).then(|| bytes(&value)))
    }

    async fn scan(&self, scan: Scan) -> Result<Vec<Row>, IdbError> {
        let (_, rows) = self.transaction("readonly")?;
        let range = range_of(&scan)?;
        if scan.reverse {
            return scan_back(&rows, &range, scan.limit).await;
        }
        let limit = u32::try_from(scan.limit).unwrap_or(0);
        // Two requests of one transaction see the same rows. A limit of 0 is none.
        let keys = rows.get_all_keys_with_key_and_limit(&range, limit)?;
        let values = rows.get_all_with_key_and_limit(&range, limit)?;
        let keys: Array = done(&keys).await?.unchecked_into();
        let values: Array = done(&values).await?.unchecked_into();
        Ok(keys.iter().zip(values.iter()).map(|(key, value)| (bytes(&key), bytes(&value))).collect())
    }

    async fn apply(&self, changes: Vec<Change>) -> Result<(), IdbError> {
        if changes.is_empty() {
            return Ok(());
        }
        let (transaction, rows) = self.transaction("readwrite")?;
        for (key, value) in &changes {
            match value {
                Some(value) => rows.put_with_key(&array(value), &array(key))?,
                None => rows.delete(&array(key))?,
            };
        }
        committed(&transaction).await
    }
}

async fn scan_back(rows: &IdbObjectStore, range: &JsValue, limit: usize) -> Result<Vec<Row>, IdbError> {
    let request = rows.open_cursor_with_range_and_direction(range, IdbCursorDirection::Prev)?;
    let mut found = Vec::new();
    while found.len() < limit {
        let Ok(cursor) = done(&request).await?.dyn_into::<IdbCursorWithValue>() else { break };
        found.push((bytes(&cursor.key()?), bytes(&cursor.value()?)));
        cursor.continue_()?;
    }
    Ok(found)
}
