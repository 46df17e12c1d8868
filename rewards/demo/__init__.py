"""The demo programme: real purchases of long ago, made by people who never were."""
