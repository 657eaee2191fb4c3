"""What the administrator of the machine looks at: settings, the trace, the state of the house."""
