//! Handlers of routes behind one type. What actix-web makes of a handler is compiled anew for each,
//! and there are some three hundred: here only the handler itself is, and the reading of its
//! arguments once for each list of them.

use std::pin::Pin;
use std::rc::Rc;

use actix_web::web::{self, Payload};
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Responder, Route};

type Later<T> = Pin<Box<dyn Future<Output = T>>>;

/// Leads a route to its handler, as [`Route::to`] does.
pub fn to<F, Args>(route: Route, handler: F) -> Route
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    mount(
        route,
        Rc::new(move |request, payload| Box::pin(serve(handler.clone(), request, payload))),
    )
}

/// A route for GET.
pub fn get<F, Args>(handler: F) -> Route
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    to(web::get(), handler)
}

/// A route for HEAD.
pub fn head<F, Args>(handler: F) -> Route
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    to(web::head(), handler)
}

/// A route for POST.
pub fn post<F, Args>(handler: F) -> Route
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    to(web::post(), handler)
}

fn mount(route: Route, handler: Rc<dyn Fn(HttpRequest, Payload) -> Later<HttpResponse>>) -> Route {
    route.to(move |request: HttpRequest, payload: Payload| handler(request, payload))
}

async fn serve<F, Args>(handler: F, request: HttpRequest, payload: Payload) -> HttpResponse
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    match arguments::<Args>(&request, payload).await {
        Ok(arguments) => respond(handler.call(arguments).await, &request),
        Err(refusal) => refusal,
    }
}

fn arguments<Args>(request: &HttpRequest, payload: Payload) -> Later<Result<Args, HttpResponse>>
where
    Args: FromRequest + 'static,
{
    let arguments = Args::from_request(request, &mut payload.into_inner());
    Box::pin(async move { arguments.await.map_err(HttpResponse::from_error) })
}

#[inline(never)]
fn respond(answer: impl Responder, request: &HttpRequest) -> HttpResponse {
    answer.respond_to(request).map_into_boxed_body()
}
