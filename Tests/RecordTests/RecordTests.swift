import Testing

/// The command line against the real kernel, one test at a time: ratios need quiet processors.
@Suite(.serialized, .timeLimit(.minutes(15))) struct RecordTests {}
