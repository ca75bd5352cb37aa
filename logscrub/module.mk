# sources -> rule -> sinks
