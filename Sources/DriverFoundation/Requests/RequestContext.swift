/// What a driver keeps with each of its requests (DEV-9): made anew for every request, and let go
/// of when the request has ended.
public protocol RequestContext: Sendable {
    /// The value with which every request begins.
    init()
}

/// A pooled request's place for one type of context.
protocol RequestContextPlace: AnyObject, Sendable {
    func reset()
}

private final class TypedContextPlace<Context: RequestContext>: RequestContextPlace {
    struct State {
        var value = Context()
        var isTouched = false
    }
    let state: LoopConfined<State>

    init(on loop: EventLoop) { state = LoopConfined(on: loop, State()) }

    func reset() {
        if state.value.isTouched { state.value = State() }
    }
}

extension Request {
    /// The context of this request, one for each type (DEV-9): `request[Progress.self].count += 1`.
    /// Every request begins with `Context()`, whatever an earlier one left.
    ///
    /// Its place is kept with the device's pooled requests. Threading: the device's scope.
    public subscript<Context: RequestContext>(_ type: Context.Type) -> Context {
        get { core.place(for: type).state.value.value }
        nonmutating _modify {
            let place = core.place(for: type)
            place.state.value.isTouched = true
            yield &place.state.value.value
        }
    }
}

extension RequestCore {
    fileprivate func place<Context: RequestContext>(
        for type: Context.Type
    ) -> TypedContextPlace<Context> {
        for place in state.value.contexts {
            if let found = place as? TypedContextPlace<Context> { return found }
        }
        let made = TypedContextPlace<Context>(on: device.loop)
        state.value.contexts.append(made)
        return made
    }
}
