//! The WebSocket of the browser.

use js_sys::{ArrayBuffer, Uint8Array};
use plaza_protocol::wire::{ClientFrame, SUBPROTOCOL, ServerFrame};
use prost::Message as _;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::*;
use web_sys::{BinaryType, MessageEvent, WebSocket};

/// What a socket tells.
#[derive(Debug)]
pub(crate) enum Told {
    Opened,
    Frame(ServerFrame),
    /// It ended, or said what cannot be read.
    Closed,
}

/// A connection. Dropped, it is closed and tells nothing more.
#[derive(Debug)]
pub(crate) struct Socket {
    socket: WebSocket,
    _on_open: Closure<dyn FnMut()>,
    _on_close: Closure<dyn FnMut()>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
}

impl Socket {
    /// Connects to the server of `origin`.
    pub(crate) fn connect(origin: &str, told: impl Fn(Told) + Clone + 'static) -> Result<Self, JsValue> {
        let address = match origin.strip_prefix("http") {
            Some(rest) => format!("ws{rest}/v1/connect"),
            None => return Err(JsValue::from_str("not the origin of a server")),
        };
        let socket = WebSocket::new_with_str(&address, SUBPROTOCOL)?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let on_open = {
            let told = told.clone();
            Closure::<dyn FnMut()>::new(move || told(Told::Opened))
        };
        let on_close = {
            let told = told.clone();
            Closure::<dyn FnMut()>::new(move || told(Told::Closed))
        };
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let frame =
                event.data().dyn_into::<ArrayBuffer>().ok().map(|buffer| Uint8Array::new(&buffer).to_vec());
            match frame.map(|bytes| ServerFrame::decode(bytes.as_slice())) {
                Some(Ok(frame)) => told(Told::Frame(frame)),
                _ => told(Told::Closed),
            }
        });
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        Ok(Self { socket, _on_open: on_open, _on_close: on_close, _on_message: on_message })
    }

    /// Sends a frame. One that does not go is asked again on the next connection.
    pub(crate) fn send(&self, frame: &ClientFrame) {
        let _ = self.socket.send_with_u8_array(&frame.encode_to_vec());
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onclose(None);
        self.socket.set_onmessage(None);
        let _ = self.socket.close();
    }
}
