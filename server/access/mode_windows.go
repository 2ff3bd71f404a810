package access

import "io/fs"

// writableByAll is not told by a mode on Windows.
func writableByAll(fs.FileInfo) bool { return false }
