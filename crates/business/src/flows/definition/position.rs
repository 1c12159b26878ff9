//! Where something stands in a JSON text: errors about a flow say from which line and column to which.

use serde_json::{Value, json};

/// One step on the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Member(String),
    Item(usize),
}

/// The way to a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place(Vec<Step>);

impl Place {
    pub(super) fn member(&self, name: &str) -> Self {
        self.with(Step::Member(name.to_owned()))
    }

    pub(super) fn item(&self, index: usize) -> Self {
        self.with(Step::Item(index))
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// `screens[0].layout.children[2]`, as pointers name it.
    pub(super) fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.0 {
            match step {
                Step::Member(name) if path.is_empty() => path.push_str(name),
                Step::Member(name) => path.extend([".", name]),
                Step::Item(index) => path.push_str(&format!("[{index}]")),
            }
        }
        path
    }

    /// `$root/screens/0/layout/children/2`, as messages name it.
    pub(super) fn pointer(&self) -> String {
        let mut pointer = "$root".to_owned();
        for step in &self.0 {
            match step {
                Step::Member(name) => pointer.extend(["/", name]),
                Step::Item(index) => pointer.push_str(&format!("/{index}")),
            }
        }
        pointer
    }

    /// Lines and columns of the value in `text`; of its name where it is a member of that name that is complained
    /// about.
    pub(super) fn region(&self, text: &str, of_name: bool) -> Region {
        let mut scanner = Scanner { text: text.as_bytes(), at: 0 };
        let span = scanner.find(&self.0, of_name).unwrap_or((0, 1));
        Region::of(text, span)
    }
}

/// From where to where, counted from 1, ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    line_start: usize,
    line_end: usize,
    column_start: usize,
    column_end: usize,
}

impl Region {
    pub(super) fn at(line: usize, column: usize) -> Self {
        let (line, column) = (line.max(1), column.max(1));
        Self { line_start: line, line_end: line, column_start: column, column_end: column }
    }

    fn of(text: &str, (start, end): (usize, usize)) -> Self {
        let (line_start, column_start) = position(text, start);
        let (line_end, column_end) = position(text, end.saturating_sub(1).max(start));
        Self { line_start, line_end, column_start, column_end }
    }

    pub(super) fn insert_into(self, mut object: Value) -> Value {
        object["line_start"] = json!(self.line_start);
        object["line_end"] = json!(self.line_end);
        object["column_start"] = json!(self.column_start);
        object["column_end"] = json!(self.column_end);
        object
    }
}

/// Line and column of a byte, counted from 1; columns are characters.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.as_bytes().get(..at.min(text.len())).unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1);
    let last = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    (line, String::from_utf8_lossy(last).chars().count().saturating_add(1))
}

/// Walks over a text that is known to be JSON.
struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn find(&mut self, steps: &[Step], of_name: bool) -> Option<(usize, usize)> {
        let mut name = None;
        for step in steps {
            self.space();
            match step {
                Step::Member(wanted) => name = Some(self.member(wanted)?),
                Step::Item(index) => {
                    name = None;
                    self.item(*index)?;
                }
            }
        }
        match name {
            Some(name) if of_name => Some(name),
            _ => {
                self.space();
                let start = self.at;
                self.skip();
                Some((start, self.at))
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at = self.at.saturating_add(1);
        }
    }

    /// Goes over one byte, if it is this one.
    fn take(&mut self, byte: u8) -> Option<()> {
        self.space();
        (self.peek()? == byte).then(|| self.at = self.at.saturating_add(1))
    }

    /// Goes to the value of a member; where its name stands.
    fn member(&mut self, wanted: &str) -> Option<(usize, usize)> {
        self.take(b'{')?;
        loop {
            self.space();
            let start = self.at;
            self.string()?;
            let name = (start, self.at);
            let written = self.text.get(start..self.at)?;
            self.take(b':')?;
            if serde_json::from_slice::<String>(written).is_ok_and(|written| written == wanted) {
                return Some(name);
            }
            self.skip();
            self.take(b',')?;
        }
    }

    /// Goes to an item of a list.
    fn item(&mut self, index: usize) -> Option<()> {
        self.take(b'[')?;
        for _ in 0..index {
            self.skip();
            self.take(b',')?;
        }
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        self.take(b'"')?;
        loop {
            let byte = self.peek()?;
            self.at = self.at.saturating_add(if byte == b'\\' { 2 } else { 1 });
            if byte == b'"' {
                return Some(());
            }
        }
    }

    /// Goes over one value.
    fn skip(&mut self) {
        let mut depth = 0_usize;
        loop {
            self.space();
            match self.peek() {
                None => return,
                Some(b'"') => {
                    if self.string().is_none() {
                        return;
                    }
                }
                Some(b'{' | b'[') => {
                    depth = depth.saturating_add(1);
                    self.at = self.at.saturating_add(1);
                    continue;
                }
                Some(b'}' | b']') => {
                    depth = depth.saturating_sub(1);
                    self.at = self.at.saturating_add(1);
                }
                Some(b',' | b':') => self.at = self.at.saturating_add(1),
                Some(_) => {
                    let is_end = |byte: u8| matches!(byte, b',' | b'}' | b']' | b':');
                    while self.peek().is_some_and(|byte| !is_end(byte) && !byte.is_ascii_whitespace()) {
                        self.at = self.at.saturating_add(1);
                    }
                }
            }
            if depth == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_and_its_name_are_found() {
        let text = "{\n  \"a\": [1, {\"\\u0062\": \"x]\", \"c\": {\"d\": [[], {}]}}],\n  \"e\": true\n}";
        let root = Place::default();
        let b = root.member("a").item(1).member("b");
        assert_eq!((b.path().as_str(), b.pointer().as_str()), ("a[1].b", "$root/a/1/b"));
        let region = |place: &Place, of_name| {
            let region = place.region(text, of_name);
            (region.line_start, region.column_start, region.line_end, region.column_end)
        };
        assert_eq!(region(&b, true), (2, 13, 2, 20));
        assert_eq!(region(&b, false), (2, 23, 2, 26));
        assert_eq!(region(&root.member("a").item(0), false), (2, 9, 2, 9));
        assert_eq!(region(&root.member("e"), false), (3, 8, 3, 11));
        assert_eq!(region(&root.member("a"), false), (2, 8, 2, 50));
        assert_eq!(region(&root, false), (1, 1, 4, 1));
        assert_eq!(region(&root.member("missing"), true), (1, 1, 1, 1));
    }
}
