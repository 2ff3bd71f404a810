// Package filelock keeps a file to one process at a time.
// A lock belongs to the open file: it ends when the file is closed, or the process with it, and holds against the same process too.
package filelock

import "os"

// Try locks a file until it is closed, and tells whether it could; it does not wait. Where the system tells nothing apart, what failed is the error.
func Try(f *os.File) (bool, error) { return try(f) }
