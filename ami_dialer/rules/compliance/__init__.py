"""May this number be called now? One question, asked of every rule of law and of every wish of the campaign."""
