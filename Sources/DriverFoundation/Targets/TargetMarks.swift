package import DriverRuntime

extension Mark {
    /// A request was cancelled on its way to a target.
    static let cancelBeforeSend = Mark("cancel before send")
    /// A request ended while its target kept it.
    static let interruptedWhilePended = Mark("pended request ended early")
    /// A request was asked to end while it was below.
    static let interruptedWhileSent = Mark("sent request asked to end early")
    /// A request succeeded although it had been asked to end.
    static let endBeatsInterruption = Mark("sent request succeeds all the same")
    /// A target was started while a stop of it was waiting.
    static let startAwaitsStop = Mark("start of a target awaits its stop")
    /// A target was closed or deleted while it was being opened.
    static let closedWhileOpening = Mark("target closed while it opens")

    /// Those of I/O targets.
    package static let targets: [Mark] = [
        cancelBeforeSend, interruptedWhilePended, interruptedWhileSent, endBeatsInterruption,
        startAwaitsStop, closedWhileOpening,
    ]
}

extension PlantedFault {
    /// A device that a target has left is taken for the one that it has open.
    static let staleHolder = PlantedFault("a device is asked about a target that has left it")
    /// A wait for a sent request ends before the request.
    static let timeoutDoesNotWait = PlantedFault("an early end of a sent request is not awaited")
    /// A stopped target keeps what it pended when it is started.
    static let startForgetsPended = PlantedFault("a started target forgets what it pended")
    /// A stop returns while requests are below.
    static let stopDoesNotWait = PlantedFault("a stop does not wait for what was sent")

    /// Those that a storm on one target finds.
    package static let targets: [PlantedFault] = [
        timeoutDoesNotWait, startForgetsPended, stopDoesNotWait,
    ]

    /// Those that take devices which come and go.
    package static let remoteTargets: [PlantedFault] = [staleHolder]
}
