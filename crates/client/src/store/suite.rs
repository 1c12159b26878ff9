//! # What a store must do
//!
//! Each case takes an empty store and says what is wrong with it. [`store_tests`](crate::store_tests) makes tests of
//! them on a machine; in the browser [`check`] runs them all.

use super::{Row, Scan, Store};
use plaza_crypto::Change;

/// What is wrong, in words.
pub type Verdict = Result<(), String>;

fn row(key: &str, value: &str) -> Change {
    (key.as_bytes().to_vec(), Some(value.as_bytes().to_vec()))
}

fn keys(rows: Vec<Row>) -> Vec<String> {
    rows.into_iter().map(|(key, _)| String::from_utf8_lossy(&key).into_owned()).collect()
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, is: T, should_be: T) -> Verdict {
    if is == should_be { Ok(()) } else { Err(format!("{what}: is {is:?}, should be {should_be:?}")) }
}

fn failed(error: impl std::error::Error) -> String {
    format!("the store failed: {error}")
}

/// What is applied is read back, byte by byte.
pub async fn what_is_applied_is_read_back<S: Store>(store: &S) -> Verdict {
    let get = async |key: &[u8]| store.get(key).await.map_err(failed);
    same("a row that is not there", get(b"a").await?, None)?;
    let binary = (vec![0, 255], Some(vec![0, 1, 255]));
    store.apply(vec![row("a", "1"), row("b", ""), binary]).await.map_err(failed)?;
    same("a row", get(b"a").await?, Some(b"1".to_vec()))?;
    same("an empty row", get(b"b").await?, Some(Vec::new()))?;
    same("a row of bytes", get(&[0, 255]).await?, Some(vec![0, 1, 255]))?;
    store.apply(vec![row("a", "2"), (b"b".to_vec(), None), (b"c".to_vec(), None)]).await.map_err(failed)?;
    same("a row that was written again", get(b"a").await?, Some(b"2".to_vec()))?;
    same("a row that was removed", get(b"b").await?, None)?;
    store.apply(Vec::new()).await.map_err(failed)
}

/// Scans stay below their prefix, in order, forward and back, page by page.
pub async fn scans_stay_below_their_prefix_and_in_order<S: Store>(store: &S) -> Verdict {
    let rows = ["t/2", "t/1", "t", "u/1", "s/9", "t/10", "t/\u{7f}"].map(|key| row(key, key));
    store.apply(rows.to_vec()).await.map_err(failed)?;
    let scan = async |scan: Scan| store.scan(scan).await.map(keys).map_err(failed);
    let texts = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
    let all = scan(Scan::all(b"t/")).await?;
    same("all", all, texts(&["t/1", "t/10", "t/2", "t/\u{7f}"]))?;
    same("the last two", scan(Scan::last(b"t/", 2)).await?, texts(&["t/\u{7f}", "t/2"]))?;
    let before = Scan { after: Some(b"t/2".to_vec()), ..Scan::last(b"t/", 9) };
    same("those before", scan(before).await?, texts(&["t/10", "t/1"]))?;
    let after = Scan { after: Some(b"t/1".to_vec()), limit: 2, ..Scan::all(b"t/") };
    same("those after", scan(after).await?, texts(&["t/10", "t/2"]))?;
    same("everything", scan(Scan::all(b"")).await?.len(), 7)?;
    same("nothing", scan(Scan::all(b"x")).await?.len(), 0)
}

/// A prefix of the highest bytes has an end, or none.
pub async fn a_prefix_of_high_bytes_has_an_end<S: Store>(store: &S) -> Verdict {
    let rows = [vec![255], vec![255, 255], vec![255, 255, 1], vec![254, 255], vec![254, 255, 9]];
    let changes = rows.iter().map(|key| (key.clone(), Some(vec![1]))).collect();
    store.apply(changes).await.map_err(failed)?;
    for (prefix, count) in [(&[255, 255][..], 2), (&[255], 3), (&[254, 255], 2)] {
        let found = store.scan(Scan::all(prefix)).await.map_err(failed)?;
        same("rows below high bytes", found.len(), count)?;
    }
    Ok(())
}

/// A batch of thousands is one.
pub async fn a_large_batch_is_one<S: Store>(store: &S) -> Verdict {
    let rows = (0..3000_u32).map(|number| (number.to_be_bytes().to_vec(), Some(vec![7; 300]))).collect();
    store.apply(rows).await.map_err(failed)?;
    let found = store.scan(Scan::all(b"")).await.map_err(failed)?;
    same("rows of a large batch", found.len(), 3000)
}

/// Runs all cases, each on a store that `new` gives, empty.
pub async fn check<S: Store>(new: impl AsyncFn() -> Result<S, S::Error>) -> Verdict {
    what_is_applied_is_read_back(&new().await.map_err(failed)?).await?;
    scans_stay_below_their_prefix_and_in_order(&new().await.map_err(failed)?).await?;
    a_prefix_of_high_bytes_has_an_end(&new().await.map_err(failed)?).await?;
    a_large_batch_is_one(&new().await.map_err(failed)?).await
}
