//go:build amd64 && !purego

#include "textflag.h"

// Three functions with one body: the query is read again for every row, from the first level of the cache. Each of four
// registers sums every fourth group of eight, so that an addition need not wait for the one before; what is left over
// after the eights is added last, one by one. WIDE takes eight values of the query (in Y4 to Y7) and of the row (at DI)
// into a sum, ONE a single one (in X4) into X0.

#define ROWS(WIDE, ONE) \
	MOVQ query+0(FP), SI \
	MOVQ rows+8(FP), DI  \
	MOVQ dim+16(FP), R8  \
	MOVQ n+24(FP), R9    \
	MOVQ out+32(FP), R10 \
row:                     \
	MOVQ SI, AX          \
	MOVQ R8, CX          \
	VXORPS Y0, Y0, Y0    \
	VXORPS Y1, Y1, Y1    \
	VXORPS Y2, Y2, Y2    \
	VXORPS Y3, Y3, Y3    \
	SUBQ $32, CX         \
	JLT  few             \
many:                    \
	VMOVUPS (AX), Y4     \
	VMOVUPS 32(AX), Y5   \
	VMOVUPS 64(AX), Y6   \
	VMOVUPS 96(AX), Y7   \
	WIDE(0, Y4, Y0)      \
	WIDE(32, Y5, Y1)     \
	WIDE(64, Y6, Y2)     \
	WIDE(96, Y7, Y3)     \
	ADDQ $128, AX        \
	ADDQ $128, DI        \
	SUBQ $32, CX         \
	JGE  many            \
few:                     \
	ADDQ $24, CX         \
	JLT  sum             \
eight:                   \
	VMOVUPS (AX), Y4     \
	WIDE(0, Y4, Y0)      \
	ADDQ $32, AX         \
	ADDQ $32, DI         \
	SUBQ $8, CX          \
	JGE  eight           \
sum:                     \
	VADDPS Y1, Y0, Y0    \
	VADDPS Y3, Y2, Y2    \
	VADDPS Y2, Y0, Y0    \
	VEXTRACTF128 $1, Y0, X1 \
	VADDPS X1, X0, X0    \
	VHADDPS X0, X0, X0   \
	VHADDPS X0, X0, X0   \
	ADDQ $8, CX          \
	JEQ  next            \
one:                     \
	VMOVSS (AX), X4      \
	ONE                  \
	ADDQ $4, AX          \
	ADDQ $4, DI          \
	DECQ CX              \
	JNE  one             \
next:                    \
	VMOVSS X0, (R10)     \
	ADDQ $4, R10         \
	DECQ R9              \
	JNE  row             \
	VZEROUPPER           \
	RET

#define DOT(AT, Q, S) VFMADD231PS AT(DI), Q, S
#define DOT1 VFMADD231SS (DI), X4, X0

// func dotRowsAVX2(query, rows *float32, dim, n int, out *float32)
TEXT ·dotRowsAVX2(SB), NOSPLIT, $0-40
	ROWS(DOT, DOT1)

#define SQUARE(AT, Q, S) \
	VSUBPS AT(DI), Q, Q  \
	VFMADD231PS Q, Q, S
#define SQUARE1 \
	VSUBSS (DI), X4, X4  \
	VFMADD231SS X4, X4, X0

// func squaresRowsAVX2(query, rows *float32, dim, n int, out *float32)
TEXT ·squaresRowsAVX2(SB), NOSPLIT, $0-40
	ROWS(SQUARE, SQUARE1)

#define DIFFERENCE(AT, Q, S) \
	VSUBPS AT(DI), Q, Q  \
	VANDPS Y15, Q, Q     \
	VADDPS Q, S, S
#define DIFFERENCE1 \
	VSUBSS (DI), X4, X4  \
	VANDPS X15, X4, X4   \
	VADDSS X4, X0, X0

// func differencesRowsAVX2(query, rows *float32, dim, n int, out *float32)
TEXT ·differencesRowsAVX2(SB), NOSPLIT, $0-40
	VPCMPEQD Y15, Y15, Y15
	VPSRLD   $1, Y15, Y15 // all bits but the sign
	ROWS(DIFFERENCE, DIFFERENCE1)

// func dotBytesAVX2(query, rows *int8, dim, n int, out *int32)
//
// Bytes are widened to words first: the instruction that multiplies bytes as they are would saturate.
TEXT ·dotBytesAVX2(SB), NOSPLIT, $0-40
	MOVQ query+0(FP), SI
	MOVQ rows+8(FP), DI
	MOVQ dim+16(FP), R8
	MOVQ n+24(FP), R9
	MOVQ out+32(FP), R10

row:
	MOVQ  SI, AX
	MOVQ  R8, CX
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	SUBQ  $32, CX
	JLT   few

many:
	VPMOVSXBW (AX), Y2
	VPMOVSXBW 16(AX), Y3
	VPMOVSXBW (DI), Y4
	VPMOVSXBW 16(DI), Y5
	VPMADDWD  Y4, Y2, Y2
	VPMADDWD  Y5, Y3, Y3
	VPADDD    Y2, Y0, Y0
	VPADDD    Y3, Y1, Y1
	ADDQ      $32, AX
	ADDQ      $32, DI
	SUBQ      $32, CX
	JGE       many

few:
	VPADDD       Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDD       X1, X0, X0
	VPSHUFD      $0x4e, X0, X1
	VPADDD       X1, X0, X0
	VPSHUFD      $0xb1, X0, X1
	VPADDD       X1, X0, X0
	VMOVD        X0, R11
	ADDQ         $32, CX
	JEQ          next

one:
	MOVBLSX (AX), R12
	MOVBLSX (DI), R13
	IMULL   R13, R12
	ADDL    R12, R11
	INCQ    AX
	INCQ    DI
	DECQ    CX
	JNE     one

next:
	MOVL R11, (R10)
	ADDQ $4, R10
	DECQ R9
	JNE  row
	VZEROUPPER
	RET

// LOOKUP adds to the bytes of Y0 what the table gives for two nibbles of the rows 0 to 15, to those of Y1 for the rows 16
// to 31. The lower half of a register is an even nibble, the upper half the odd one behind it.
#define LOOKUP(AT) \
	VMOVDQU AT(DI), Y2   \
	VMOVDQU AT(AX), Y4   \
	VPSRLW  $4, Y2, Y3   \
	VPAND   Y15, Y2, Y2  \
	VPAND   Y15, Y3, Y3  \
	VPSHUFB Y2, Y4, Y2   \
	VPSHUFB Y3, Y4, Y3   \
	VPADDB  Y2, Y0, Y0   \
	VPADDB  Y3, Y1, Y1

// WIDEN adds up the halves of the sums of even rows (EVEN) and odd rows (ODD), and stores them in the order of the rows.
#define WIDEN(EVEN, EVENX, ODD, ODDX, AT) \
	VEXTRACTI128 $1, EVEN, X0    \
	VEXTRACTI128 $1, ODD, X1     \
	VPADDW       X0, EVENX, EVENX \
	VPADDW       X1, ODDX, ODDX  \
	VPUNPCKLWD   ODDX, EVENX, X0 \
	VPUNPCKHWD   ODDX, EVENX, X1 \
	VPMOVZXWD    X0, Y0          \
	VPMOVZXWD    X1, Y1          \
	VMOVDQU      Y0, AT(R10)     \
	VMOVDQU      Y1, AT+32(R10)

// func sumsAVX2(table, codes *byte, groups int, want *uint32, blocks int, sums *int32)
//
// Bytes are added as bytes within a group of 16 nibbles, which the table allows, and as words between groups.
TEXT ·sumsAVX2(SB), NOSPLIT, $0-48
	MOVQ     table+0(FP), SI
	MOVQ     codes+8(FP), DI
	MOVQ     groups+16(FP), R8
	MOVQ     want+24(FP), R9
	MOVQ     blocks+32(FP), BX
	MOVQ     sums+40(FP), R10
	MOVQ     R8, R11
	SHLQ     $8, R11            // bytes of a block
	VPCMPEQW Y14, Y14, Y14
	VPSRLW   $8, Y14, Y14       // 0x00ff in every word
	VPSRLW   $4, Y14, Y15
	VPACKUSWB Y15, Y15, Y15     // 0x0f in every byte

block:
	CMPL  (R9), $0
	JEQ   skip
	MOVQ  SI, AX
	MOVQ  R8, CX
	VPXOR Y8, Y8, Y8
	VPXOR Y9, Y9, Y9
	VPXOR Y10, Y10, Y10
	VPXOR Y11, Y11, Y11

group:
	VPXOR  Y0, Y0, Y0
	VPXOR  Y1, Y1, Y1
	LOOKUP(0)
	LOOKUP(32)
	LOOKUP(64)
	LOOKUP(96)
	LOOKUP(128)
	LOOKUP(160)
	LOOKUP(192)
	LOOKUP(224)
	VPAND  Y14, Y0, Y2
	VPAND  Y14, Y1, Y3
	VPSRLW $8, Y0, Y0
	VPSRLW $8, Y1, Y1
	VPADDW Y2, Y8, Y8
	VPADDW Y0, Y9, Y9
	VPADDW Y3, Y10, Y10
	VPADDW Y1, Y11, Y11
	ADDQ   $256, AX
	ADDQ   $256, DI
	DECQ   CX
	JNE    group
	WIDEN(Y8, X8, Y9, X9, 0)
	WIDEN(Y10, X10, Y11, X11, 64)

next:
	ADDQ $4, R9
	ADDQ $128, R10
	DECQ BX
	JNE  block
	VZEROUPPER
	RET

skip:
	ADDQ R11, DI
	JMP  next

#define ESTIMATE(AT, INTO) \
	VCVTDQ2PS   AT(SI), Y0     \
	VMOVUPS     AT(DI), Y1     \
	VFMADD213PS Y14, Y13, Y0   \
	VFMADD213PS AT(DX), Y1, Y0 \
	VCMPPS      $0x15, Y15, Y0, Y0 \
	VMOVMSKPS   Y0, INTO

// func atLeastAVX2(sums *int32, factors, terms *float32, scale, base, floor float32, want *uint32, blocks int)
//
// Comparison 0x15 is "not less, or not comparable".
TEXT ·atLeastAVX2(SB), NOSPLIT, $0-56
	MOVQ         sums+0(FP), SI
	MOVQ         factors+8(FP), DI
	MOVQ         terms+16(FP), DX
	VBROADCASTSS scale+24(FP), Y13
	VBROADCASTSS base+28(FP), Y14
	VBROADCASTSS floor+32(FP), Y15
	MOVQ         want+40(FP), R9
	MOVQ         blocks+48(FP), BX

block:
	CMPL (R9), $0
	JEQ  next
	ESTIMATE(0, R10)
	ESTIMATE(32, R11)
	ESTIMATE(64, R12)
	ESTIMATE(96, R13)
	SHLL $8, R11
	SHLL $16, R12
	SHLL $24, R13
	ORL  R11, R10
	ORL  R13, R12
	ORL  R12, R10
	ANDL R10, (R9)

next:
	ADDQ $128, SI
	ADDQ $128, DI
	ADDQ $128, DX
	ADDQ $4, R9
	DECQ BX
	JNE  block
	VZEROUPPER
	RET

DATA minus<>+0x00(SB)/4, $0x00000000
DATA minus<>+0x04(SB)/4, $0x80000000
DATA minus<>+0x08(SB)/4, $0x00000000
DATA minus<>+0x0c(SB)/4, $0x80000000
DATA minus<>+0x10(SB)/4, $0x00000000
DATA minus<>+0x14(SB)/4, $0x80000000
DATA minus<>+0x18(SB)/4, $0x00000000
DATA minus<>+0x1c(SB)/4, $0x80000000
DATA minus<>+0x20(SB)/4, $0x00000000
DATA minus<>+0x24(SB)/4, $0x00000000
DATA minus<>+0x28(SB)/4, $0x80000000
DATA minus<>+0x2c(SB)/4, $0x80000000
DATA minus<>+0x30(SB)/4, $0x00000000
DATA minus<>+0x34(SB)/4, $0x00000000
DATA minus<>+0x38(SB)/4, $0x80000000
DATA minus<>+0x3c(SB)/4, $0x80000000
DATA minus<>+0x40(SB)/4, $0x00000000
DATA minus<>+0x44(SB)/4, $0x00000000
DATA minus<>+0x48(SB)/4, $0x00000000
DATA minus<>+0x4c(SB)/4, $0x00000000
DATA minus<>+0x50(SB)/4, $0x80000000
DATA minus<>+0x54(SB)/4, $0x80000000
DATA minus<>+0x58(SB)/4, $0x80000000
DATA minus<>+0x5c(SB)/4, $0x80000000
GLOBL minus<>(SB), RODATA|NOPTR, $96

// func hadamardAVX2(x, signs *float32, n int)
//
// Butterflies between values that are 1, 2 and 4 apart happen within a register: the values change places, and are added
// to themselves with the sign turned in the second of each two.
TEXT ·hadamardAVX2(SB), NOSPLIT, $0-24
	MOVQ    x+0(FP), DI
	MOVQ    signs+8(FP), SI
	MOVQ    n+16(FP), R8
	VMOVUPS minus<>+0x00(SB), Y13
	VMOVUPS minus<>+0x20(SB), Y14
	VMOVUPS minus<>+0x40(SB), Y15
	SHLQ    $2, R8             // bytes
	XORQ    AX, AX

near:
	VMOVUPS    (DI)(AX*1), Y0
	VMULPS     (SI)(AX*1), Y0, Y0
	VPERMILPS  $0xb1, Y0, Y1
	VXORPS     Y13, Y0, Y0
	VADDPS     Y1, Y0, Y0
	VPERMILPS  $0x4e, Y0, Y1
	VXORPS     Y14, Y0, Y0
	VADDPS     Y1, Y0, Y0
	VPERM2F128 $1, Y0, Y0, Y1
	VXORPS     Y15, Y0, Y0
	VADDPS     Y1, Y0, Y0
	VMOVUPS    Y0, (DI)(AX*1)
	ADDQ       $32, AX
	CMPQ       AX, R8
	JLT        near
	MOVQ       $32, R9         // how far apart, in bytes

far:
	CMPQ R9, R8
	JGE  done
	XORQ AX, AX                // the first of the two

pair:
	LEAQ (AX)(R9*1), BX        // the second
	MOVQ BX, CX                // where the first ones end

eight:
	VMOVUPS (DI)(AX*1), Y0
	VMOVUPS (DI)(BX*1), Y1
	VADDPS  Y1, Y0, Y2
	VSUBPS  Y1, Y0, Y3
	VMOVUPS Y2, (DI)(AX*1)
	VMOVUPS Y3, (DI)(BX*1)
	ADDQ    $32, AX
	ADDQ    $32, BX
	CMPQ    AX, CX
	JLT     eight
	MOVQ    BX, AX
	CMPQ    AX, R8
	JLT     pair
	SHLQ    $1, R9
	JMP     far

done:
	VZEROUPPER
	RET

// func prefetch(vector *float32, n int)
TEXT ·prefetch(SB), NOSPLIT, $0-16
	MOVQ vector+0(FP), SI
	MOVQ n+8(FP), CX

line:
	PREFETCHT0 (SI)
	ADDQ       $64, SI
	SUBQ       $16, CX
	JGT        line
	RET

// func butterflyAVX2(a, b *float32, n int)
TEXT ·butterflyAVX2(SB), NOSPLIT, $0-24
	MOVQ a+0(FP), SI
	MOVQ b+8(FP), DI
	MOVQ n+16(FP), CX
	SUBQ $8, CX
	JLT  few

eight:
	VMOVUPS (SI), Y0
	VMOVUPS (DI), Y1
	VADDPS  Y1, Y0, Y2
	VSUBPS  Y1, Y0, Y3
	VMOVUPS Y2, (SI)
	VMOVUPS Y3, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	SUBQ    $8, CX
	JGE     eight

few:
	ADDQ $8, CX
	JEQ  done

one:
	VMOVSS (SI), X0
	VMOVSS (DI), X1
	VADDSS X1, X0, X2
	VSUBSS X1, X0, X3
	VMOVSS X2, (SI)
	VMOVSS X3, (DI)
	ADDQ   $4, SI
	ADDQ   $4, DI
	DECQ   CX
	JNE    one

done:
	VZEROUPPER
	RET
