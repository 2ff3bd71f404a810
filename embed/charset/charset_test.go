package charset_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/akinserver/akin/embed/charset"
)

const (
	simplified  = "临河市政府昨天说，老渡口的最后一班船在天黑以后靠岸，两岸居民在桥上走了一整天。"
	traditional = "臨河市政府昨天說，老渡口的最後一班船在天黑以後靠岸，兩岸居民在橋上走了一整天。"
	japaneseOne = "市は昨日、古い渡し場の最後の船が日が暮れてから着いたと発表した。住民は一日中橋の上を歩いていた。"
	koreanOne   = "시는 어제 낡은 나루터의 마지막 배가 해가 진 뒤에 들어왔다고 밝혔다. 주민들은 하루 종일 다리 위를 걸었다."
	french      = "Le maire a déclaré que le vieux bac s'arrêterait à la fin de l'année, et que « personne » ne le regretterait."
	russian     = "Мэр заявил, что старый паром остановят в конце года."
)

func encode(t testing.TB, e encoding.Encoding, text string) []byte {
	t.Helper()
	data, err := e.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestDecode(t *testing.T) {
	web := charset.Options{Markup: true}
	rows := []struct {
		name string
		in   []byte
		opts charset.Options
		want string
	}{
		{"ASCII", []byte("The ferry."), charset.Options{Declared: "gbk"}, "The ferry."},
		{"UTF-8 that is declared as something else", []byte(simplified), charset.Options{Declared: "gb2312"}, simplified},
		{"a byte order mark", []byte("\xEF\xBB\xBF" + simplified), charset.Options{}, simplified},
		{"UTF-16, small end first", encode(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), simplified), charset.Options{}, simplified},
		{"UTF-16, big end first", encode(t, unicode.UTF16(unicode.BigEndian, unicode.UseBOM), simplified), charset.Options{}, simplified},
		{"UTF-16 cut in a character", append(encode(t, unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "Boat"), 0), charset.Options{}, "Boat"},
		{"UTF-8 cut in a character", []byte(simplified[:len(simplified)-2]), charset.Options{}, strings.TrimSuffix(simplified, "。")},
		{"GB18030", encode(t, simplifiedchinese.GB18030, simplified), charset.Options{}, simplified},
		{"GB18030 that is declared as UTF-8", encode(t, simplifiedchinese.GB18030, simplified), charset.Options{Declared: "utf-8"}, simplified},
		{"GB18030 that is declared as Big5", encode(t, simplifiedchinese.GB18030, simplified), charset.Options{Declared: "big5"}, simplified},
		{"GB18030 beyond what is declared, GB2312", encode(t, simplifiedchinese.GB18030, simplified+"㐂𠀋"), charset.Options{Declared: "gb2312"}, simplified + "㐂𠀋"},
		{"traditional characters in GBK", encode(t, simplifiedchinese.GBK, traditional), charset.Options{}, traditional},
		{"GB18030 cut in a character", encode(t, simplifiedchinese.GB18030, simplified)[:len(encode(t, simplifiedchinese.GB18030, simplified))-1], charset.Options{}, strings.TrimSuffix(simplified, "。")},
		{"a list of names", encode(t, simplifiedchinese.GB18030, "聂长川、曲南乔、段秀兰、骆明阳"), charset.Options{}, "聂长川、曲南乔、段秀兰、骆明阳"},
		{"a Chinese name in an English text", encode(t, simplifiedchinese.GB18030, "The mayor, "+simplified+", was there."), charset.Options{}, "The mayor, " + simplified + ", was there."},
		{"Big5", encode(t, traditionalchinese.Big5, traditional), charset.Options{}, traditional},
		{"Big5 that is declared as GBK", encode(t, traditionalchinese.Big5, traditional), charset.Options{Declared: "gbk"}, traditional},
		{"Shift_JIS", encode(t, japanese.ShiftJIS, japaneseOne), charset.Options{}, japaneseOne},
		{"EUC-JP", encode(t, japanese.EUCJP, japaneseOne), charset.Options{}, japaneseOne},
		{"EUC-KR", encode(t, korean.EUCKR, koreanOne), charset.Options{}, koreanOne},
		{"windows-1252 on a page of the Web", encode(t, charmap.Windows1252, french), web, french},
		{"windows-1251 as declared", encode(t, charmap.Windows1251, russian), charset.Options{Declared: "windows-1251"}, russian},
		{"a wrong byte on a page of the Web", []byte(simplified + "\xff" + simplified), web, simplified + "\uFFFD" + simplified},
		{
			"half a character in a GBK page", append(append(encode(t, simplifiedchinese.GBK, strings.Repeat(simplified, 9)), "\xb5 "...), encode(t, simplifiedchinese.GBK, simplified)...), web,
			strings.Repeat(simplified, 9) + "\uFFFD " + simplified,
		},
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			got, err := charset.Decode(tt.in, tt.opts)
			if err != nil || string(got) != tt.want {
				t.Errorf("Decode(%q, %+v) = %q, %v; want %q", tt.in, tt.opts, got, err, tt.want)
			}
		})
	}
}

func TestDecodeErrors(t *testing.T) {
	rows := []struct {
		name string
		in   string
		opts charset.Options
		want error
	}{
		{"a picture", "\x89PNG\r\n\x1a\n\x00\x00", charset.Options{Markup: true}, charset.ErrBinary},
		{"a NUL in UTF-16", "\xff\xfea\x00\x00\x00", charset.Options{}, charset.ErrBinary},
		{"a wrong byte in a plain text", simplified + "\xff", charset.Options{}, charset.ErrEncoding},
		{"a text of one byte a letter that declares nothing", string(encode(t, charmap.Windows1252, french)), charset.Options{}, charset.ErrEncoding},
		{"a charset that does not exist", string(encode(t, charmap.Windows1251, russian)), charset.Options{Declared: "klingon"}, charset.ErrEncoding},
		{"bytes by chance", "\x80\xff\x81\xfe\x80\xff\x81\xfe", charset.Options{Markup: true}, charset.ErrEncoding},
	}
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := charset.Decode([]byte(tt.in), tt.opts); !errors.Is(err, tt.want) {
				t.Errorf("Decode(%q, %+v) = %q, %v; want %v", tt.in, tt.opts, got, err, tt.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, e := range []encoding.Encoding{simplifiedchinese.GB18030, traditionalchinese.Big5} {
		f.Add(encode(f, e, traditional), "gbk", true)
	}
	f.Add([]byte(simplified), "", false)
	f.Add([]byte("\xff\xfe\x00"), "utf-16", false)
	f.Fuzz(func(t *testing.T, data []byte, declared string, markup bool) {
		before := bytes.Clone(data)
		text, err := charset.Decode(data, charset.Options{Declared: declared, Markup: markup})
		if err == nil && !utf8.Valid(text) {
			t.Errorf("Decode(%q, %q, %v) = %q, which is not UTF-8", data, declared, markup, text)
		}
		if !bytes.Equal(before, data) {
			t.Errorf("Decode changed %q to %q", before, data)
		}
	})
}
