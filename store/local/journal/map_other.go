//go:build nommap || (!darwin && !freebsd && !linux)

package journal

import (
	"errors"
	"os"
)

// mapsFiles says that files are read out of the page cache. Here, they are read into memory: Windows does not let a mapped
// file grow or be removed, and OpenBSD keeps what is mapped apart from what is written. The build tag nommap chooses this
// elsewhere, for file systems that cannot map.
const mapsFiles = false

func mapFile(*os.File, int64) ([]byte, func() error, error) { return nil, nil, errors.ErrUnsupported }
