//! Running commands: processes, their groups, output caps, and their end with ours.
