//! `--columns`: which columns of the record are written, and in which order.

use rmsight::{COLUMNS, Column};

use crate::nearest::suggestion;

/// Columns of the record.
#[derive(Debug, Clone)]
pub(crate) struct ColumnList(Vec<&'static Column>);

impl ColumnList {
    /// Parses names that commas separate.
    ///
    /// # Errors
    /// Fails if a column is not known, or is named twice.
    pub(crate) fn parse(text: &str) -> Result<ColumnList, String> {
        let mut columns: Vec<&'static Column> = Vec::new();
        for name in text.split(',').map(str::trim) {
            let column = named(name)?;
            if columns.iter().any(|known| known.name == column.name) {
                return Err(format!("the column {} is named twice", column.name));
            }
            columns.push(column);
        }
        Ok(ColumnList(columns))
    }

    /// Returns the chosen columns, or all columns without a choice.
    pub(crate) fn of(chosen: Option<&ColumnList>) -> Vec<&'static Column> {
        chosen.map_or_else(|| COLUMNS.iter().collect(), |list| list.0.clone())
    }
}

/// Parses the name of a column.
///
/// # Errors
/// Fails if the column is not known.
pub(crate) fn column_name(text: &str) -> Result<&'static str, String> {
    named(text.trim()).map(|column| column.name)
}

fn named(name: &str) -> Result<&'static Column, String> {
    Column::named(&name.to_ascii_lowercase()).ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> String {
    let names = COLUMNS.iter().map(|column| column.name);
    let suggestion = suggestion(name, names.clone());
    match suggestion.is_empty() {
        true => {
            let all: Vec<&str> = names.collect();
            format!("there is no column {name:?}; there are: {}", all.join(", "))
        }
        false => format!("there is no column {name:?}; {suggestion}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_written_in_the_order_of_the_list() {
        let list = ColumnList::parse("need, Path,member").unwrap();
        let names: Vec<&str> = ColumnList::of(Some(&list)).iter().map(|one| one.name).collect();
        assert_eq!(names, ["need", "path", "member"]);
        assert_eq!(ColumnList::of(None).len(), COLUMNS.len());
        assert!(ColumnList::parse("pth").unwrap_err().contains("nearest: path"));
        assert!(ColumnList::parse("path,path").unwrap_err().contains("twice"));
        assert!(ColumnList::parse("").is_err());
    }
}
