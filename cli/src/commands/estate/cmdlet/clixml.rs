//! CLIXML, as `Export-Clixml` of PowerShell writes it (MS-PSRP 2.2.5).

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::properties::Properties;

/// A property that is being read.
#[derive(Debug)]
struct OpenProperty {
    name: String,
    /// Names of the open elements, the element of the property first.
    elements: Vec<String>,
    text: String,
    /// The text of the value as PowerShell shows it, such as the name of an enum value.
    shown: Option<String>,
    items: Vec<String>,
}

impl OpenProperty {
    /// Returns the value: the items of a list, or what PowerShell shows, or the text of the element.
    fn value(self) -> String {
        match (self.items.is_empty(), self.shown) {
            (false, _) => self.items.join(", "),
            (true, Some(shown)) => shown,
            (true, None) => self.text,
        }
    }

    /// Adds text in the innermost element.
    fn add(&mut self, text: &str) {
        let elements: Vec<&str> = self.elements.iter().map(String::as_str).collect();
        match elements.as_slice() {
            [_] => self.text.push_str(text),
            [_, "ToString"] => self.shown.get_or_insert_default().push_str(text),
            [_, "LST" | "STK" | "QUE" | "IE", _] => {
                if let Some(last) = self.items.last_mut() {
                    last.push_str(text);
                }
            }
            _ => {}
        }
    }

    fn open(&mut self, name: &str) {
        self.elements.push(name.to_owned());
        if let [_, list, _] = self.elements.as_slice()
            && ["LST", "STK", "QUE", "IE"].contains(&list.as_str())
        {
            self.items.push(String::new());
        }
    }
}

/// Returns the objects of CLIXML with their properties.
///
/// # Errors
/// Returns a message if the XML is damaged.
pub(super) fn objects(text: &str) -> Result<Vec<Properties>, String> {
    let damaged = |why: &str| format!("It begins like CLIXML, and is damaged: {why}.");
    // The line `#< CLIXML` can precede the document.
    let start = text.find('<').filter(|_| !text.starts_with('#'));
    let start = start.or_else(|| text.find("<Objs")).unwrap_or_default();
    let mut reader = Reader::from_str(text.get(start..).unwrap_or_default());
    let mut objects: Vec<Properties> = Vec::new();
    let mut property: Option<OpenProperty> = None;
    let mut depth = 0_u64;
    loop {
        let event = reader.read_event().map_err(|error| damaged(&error.to_string()))?;
        match event {
            Event::Start(element) => {
                depth = depth.saturating_add(1);
                let name = element.name().0;
                match (&mut property, property_name(&element)) {
                    (Some(property), _) => property.open(name),
                    (None, Some(of)) => {
                        property = Some(OpenProperty {
                            name: of,
                            elements: vec![name.to_owned()],
                            text: String::new(),
                            shown: None,
                            items: Vec::new(),
                        });
                    }
                    (None, None) if name == "Obj" => objects.push(Properties::new()),
                    (None, None) => {}
                }
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                if let Some(open) = &mut property {
                    open.elements.pop();
                }
                if let Some(open) = property.take_if(|open| open.elements.is_empty())
                    && let Some(object) = objects.last_mut()
                {
                    object.push((open.name.clone(), open.value()));
                }
            }
            Event::Text(text) => {
                if let Some(property) = &mut property {
                    property.add(&text);
                }
            }
            Event::GeneralRef(name) => {
                let text = format!("&{};", &*name);
                let text = quick_xml::escape::unescape(&text).unwrap_or_default();
                if let Some(property) = &mut property {
                    property.add(&text);
                }
            }
            Event::Eof if depth > 0 => return Err(damaged("its end is missing")),
            Event::Eof => break,
            _ => {}
        }
    }
    objects.retain(|object| !object.is_empty());
    Ok(objects)
}

/// Returns the name of a property: the attribute `N`.
fn property_name(element: &BytesStart<'_>) -> Option<String> {
    let mut attributes = element.attributes().filter_map(Result::ok);
    let name = attributes.find(|attribute| attribute.key.0 == "N")?;
    Some(name.value.to_string())
}
