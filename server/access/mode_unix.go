//go:build !windows

package access

import "io/fs"

func writableByAll(info fs.FileInfo) bool { return info.Mode().Perm()&0o002 != 0 }
