// The first file of this target is still to be written.
