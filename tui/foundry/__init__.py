"""The only room that talks to Foundry Local and to model endpoints. No Textual in it."""
